"""`run --adaptive`: looks at 10, 20 and 40 seeds, and what a kill in the middle changes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bench.experiment.protocol import BASE_SEEDS
from tests.support import fakes
from tests.support.fakes import FakeTraining, bench
from tests.support.small import found_files, records

GRID = ["--tasks", "ring8,pendulum,dirac", "--strategies", "r1,replay", "--base", "bare"]
RUN = ["run", *GRID, "--engine", "serial", "--adaptive"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: FakeTraining) -> FakeTraining:
    """An empty folder, in which R1 is much better than everything else, which is alike."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fakes, "number", number)
    return training


def number(cell: str, name: str, seed: int, step: int) -> float:
    """A number that depends on the parts alone, between the anchors of these tasks."""
    better = 1.0 if "r1" in cell else -1.0 if "harmful" in cell else 0.0
    drawn = original(cell, name, seed, step)
    return (
        -700.0 + 200.0 * (drawn + better)
        if name == "return"
        else 0.9 + 0.5 * (drawn - 1.5 * better)
    )


original = fakes.number


def seeds() -> dict[str, int]:
    return {label: len(made.seeds) for label, made in records().items()}


def test_a_strategy_has_more_seeds_until_it_is_decided(here, capsys):
    assert bench(*RUN) == 0
    found = seeds()
    for task in ("ring8", "pendulum"):
        assert found[f"{task}/bare"] == BASE_SEEDS
        assert found[f"{task}/bare+placebo"] == 10
        assert found[f"{task}/bare+r1"] == 20, "one task cannot decide with ten seeds"
        assert found[f"{task}/bare+replay"] == 40, "no effect, which one task cannot show"
    assert {n for label, n in found.items() if label.startswith("dirac")} == {10}
    out = capsys.readouterr().out
    assert "10 seeds: GAN 0 of 2 decided (2 undetermined); RL 0 of 2 decided" in out
    assert "20 seeds: GAN 1 of 2 decided (1 helps, 1 undetermined)" in out
    assert "look 3 of 3: 2 cells to run" in out
    here.calls.clear()
    assert bench(*RUN) == 0
    assert here.calls == []


@pytest.mark.parametrize("call", [1, 14, 33, 36])
def test_a_kill_in_the_middle_of_a_look_changes_nothing(here, call, monkeypatch, tmp_path):
    assert bench(*RUN) == 0
    whole = {path: path.read_bytes() for path in found_files() if path.suffix == ".json"}
    trained = Counter(here.calls)
    here.calls.clear()
    (tmp_path / "again").mkdir()
    monkeypatch.chdir(tmp_path / "again")

    def stop(cell: str) -> None:
        if len(here.calls) == call:
            raise KeyboardInterrupt

    here.before = stop
    assert bench(*RUN) == 130
    lost = here.calls[-1]
    here.before = lambda cell: None
    assert bench(*RUN) == 0
    assert {path: path.read_bytes() for path in found_files() if path.suffix == ".json"} == whole
    assert Counter(here.calls) == trained + Counter([lost]), "only what was killed ran twice"


def test_looks_on_another_processor(here, capsys, monkeypatch):
    """What is open waits for the first one, or all is made again, with the same verdicts."""
    assert bench(*(each.replace("r1,replay", "r1") for each in RUN)) == 0
    monkeypatch.setattr("bench.records.provenance.cpu", lambda: "Another Processor")
    here.calls.clear()
    capsys.readouterr()
    assert bench(*RUN) == 3
    assert here.calls == []
    assert "skipped, as the warnings above say: ring8, pendulum, dirac" in capsys.readouterr().err
    assert bench(*RUN, "--made-elsewhere", "again") == 0
    found = seeds()
    assert {record.provenance.cpu for record in records().values()} == {"Another Processor"}
    assert bench(*RUN, "--name", "there") == 0
    assert {label: len(each.seeds) for label, each in records("results/2/there").items()} == found


def test_a_later_look_on_another_processor_is_made_again_from_the_first(here, monkeypatch):
    def stop(cell: str) -> None:
        if len(here.calls) == 37:
            raise KeyboardInterrupt

    here.before = stop
    assert bench(*RUN) == 130
    assert seeds()["ring8/bare"] == BASE_SEEDS, "the first look is done"
    here.before = lambda cell: None
    monkeypatch.setattr("bench.records.provenance.cpu", lambda: "Another Processor")
    assert bench(*RUN) == 3
    assert bench(*RUN, "--made-elsewhere", "again") == 0
    counted = [made for made in records().values() if made.task != "dirac"]
    assert {made.provenance.cpu for made in counted} == {"Another Processor"}
    found = seeds()
    assert bench(*RUN, "--name", "there") == 0
    assert {label: len(each.seeds) for label, each in records("results/2/there").items()} == found


def test_a_dry_run_says_what_all_looks_cost(here, capsys):
    assert bench(*RUN, "--dry-run") == 0
    assert here.calls == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("look 1 of 3: 15 cells to run, 0 already have their seeds; about ")
    assert lines[-1].startswith("at least ")
    assert "if this look decides everything; at most " in lines[-1]
    bench(*RUN)
    capsys.readouterr()
    assert bench(*RUN, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("10 seeds: GAN 0 of 2 decided")
    assert lines[-1].startswith("at least 0 s")


@pytest.mark.parametrize("more", [["--seeds", "10"], ["--updates", "50"]])
def test_what_does_not_go_together_is_said(here, capsys, more):
    assert bench(*RUN, *more) == 2
    assert "leave out --seeds and --updates" in capsys.readouterr().err
    assert found_files() == []


def test_a_placebo_that_moved_stops_the_run(here, capsys):
    assert bench(*RUN, "--strategies", "replay") == 0
    path = next(path for path in found_files() if path.name == "bare+placebo.json")
    text = path.read_text()
    path.write_text(re.sub(r'("(?:distance|fid|return)": -?)', r"\g<1>9", text, count=1))
    capsys.readouterr()
    assert bench(*RUN, "--strategies", "replay") == 2
    assert "bare+placebo differs from its base" in capsys.readouterr().err
