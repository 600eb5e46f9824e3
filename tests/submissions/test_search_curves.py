"""Different settings train differently, but for those of a strategy that never acts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.engine import trial
from bench.engine.tune_plan import Rules
from bench.experiment.cell import Cell
from bench.records import search_store
from bench.records.paths import search_path
from bench.submissions import search_rules
from tests.support.fakes import FakeTraining
from tests.support.searches import KEEP, search_jobs, tell_apart

BASE = Cell("ring8", "reference")
IDLE = Cell("ring8", "reference", "freeze_learning")
SAME = "different settings have the same curve"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """The whole space of the base, and ten settings of a strategy with the base's curves."""
    monkeypatch.setattr("bench.training.train.train", FakeTraining())
    folder = tmp_path / "2" / "local"
    for cell, budget in ((BASE, 8), (IDLE, 10)):
        for job in search_jobs(folder, Rules(budget, halving=False), cell):
            KEEP(job, trial.run(job), [])
    tell_apart(search_path(folder, BASE))
    raw = json.loads(search_path(folder, BASE).read_text())
    curves = {json.dumps(c["settings"]): c["curve"] for c in raw["candidates"]}
    changed = json.loads(search_path(folder, IDLE).read_text())
    for candidate in changed["candidates"]:
        kit = {k: v for k, v in candidate["settings"].items() if k != "freeze_learning"}
        candidate["curve"] = curves[json.dumps(kit)]
    search_path(folder, IDLE).write_text(json.dumps(changed))
    return folder


def problems(folder: Path, cell: Cell) -> list[str]:
    file = search_path(folder, cell)
    found = search_rules.problems(file, search_store.read(file))
    return [problem.text for problem in found if problem.text == SAME]


def test_a_strategy_that_never_acts_has_the_curves_of_its_base(folder: Path) -> None:
    assert problems(folder, BASE) == problems(folder, IDLE) == []


def test_without_the_bases_search_nothing_says_that_it_never_acts(folder: Path) -> None:
    search_path(folder, BASE).unlink()
    assert problems(folder, IDLE) == [SAME]


def test_other_curves_that_are_the_same_are_no_curves_of_the_base(folder: Path) -> None:
    tell_apart(search_path(folder, BASE))
    assert problems(folder, IDLE) == [SAME]
