"""Costs of strategies: measured numbers, and predictions that follow them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.engine.plan import estimate
from bench.experiment import costs, registry
from bench.experiment.cell import Cell
from bench.records.record import Record
from tests.support.factories import make_record


def test_what_was_measured_exists_and_is_plausible() -> None:
    found = costs.measured()
    assert set(found["costs"]) <= set(registry.strategies())
    for name, by_task in found["costs"].items():
        assert set(by_task) <= set(costs.KINDS), name
        # A packed critic is shown fewer rows: it costs less than the bare one.
        assert all(0.5 < relative < 30.0 for relative in by_task.values()), name
    assert set(found["conditions"]) == set(found["costs"])


def test_conditions_of_measurement_are_told_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new strategy is measured on its author's machine, and the others stay as they were."""
    early = {"cpu": "A", "torch": "2.15.0", "date": "2026-01-01", "seeds": 10}
    late = {"cpu": "B", "torch": "2.16.0", "date": "2026-02-01", "seeds": 10}
    planted = {"costs": {}, "conditions": {"mine": late, "r1": early, "r2": early}}
    monkeypatch.setattr(costs, "measured", lambda: planted)
    assert costs.conditions() == "A, PyTorch 2.15.0, 2026-01-01; B, PyTorch 2.16.0, 2026-02-01"


def test_nothing_costs_nothing_and_more_work_costs_more() -> None:
    """The placebo is a bare update; unrolling and extra gradients are known to be more."""
    known = costs.measured()["costs"]
    for task in costs.KINDS:
        assert known["placebo"][task] == pytest.approx(1.0, abs=0.15)
        assert known["unrolled"][task] > 2.0
        assert known["extragradient"][task] > 1.3


def test_every_task_has_a_stand_in_of_its_kind() -> None:
    for name, like in {
        "grid25": "ring8",
        "cifar10": "images",
        "digits": "ring8",
        "reacher": "pendulum",
    }.items():
        assert costs.stand_in(registry.task(name)) == like
    assert {costs.stand_in(task) for task in registry.tasks().values()} == set(costs.KINDS)


def test_predictions_follow_the_measured_costs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Twice and three times the update, 85 % of the cell: 1 + 0.85 * (2 * 3 - 1)."""
    planted = {"costs": {"r1": {"ring8": 2.0}, "replay": {"ring8": 3.0}}}
    monkeypatch.setattr(costs, "measured", lambda: planted)
    bare = estimate(Cell("ring8", "bare"), tmp_path, 10)
    assert bare == registry.task("ring8").seconds
    assert estimate(Cell("ring8", "bare", "placebo"), tmp_path, 10) == bare  # never measured
    assert estimate(Cell("ring8", "bare"), tmp_path, 20) == pytest.approx(1.6 * bare)
    both = estimate(Cell("ring8", "bare", "r1+replay"), tmp_path, 10)
    assert both == pytest.approx(bare * (1 + 0.85 * 5.0))


def test_the_report_shows_them(tmp_path: Path) -> None:
    from bench.report.pages import build_report

    records = [
        make_record(task=task, domain=domain, strategy=strategy)
        for task, domain in (("ring8", "gan"), ("lqr", "rl"))
        for strategy in (None, "r1")
    ]
    build_report(records, tmp_path, None)
    known = costs.of("r1")
    assert known is not None
    page = (tmp_path / "strategies" / "r1.html").read_text()
    assert all(f"×{known[task]:.1f} on {task} (" in page for task in costs.KINDS)


def test_rows_have_what_updates_took_in_their_own_records(tmp_path: Path) -> None:
    """With the strategy over without it, of one seed: median of three GANs, a removal in RL."""
    from bench.report.pages import build_report

    def timed(task: str, strategy: str | None, seconds: float, seeds: int, **rest: str) -> Record:
        domain = "rl" if task == "pendulum" else "gan"
        cell = {"task": task, "domain": domain, "strategy": strategy, "base": "reference"} | rest
        made = make_record(scores=[0.1] * seeds, **cell)
        return made.model_copy(update={"seconds": {"update": seconds, "trace": 99.0}})

    removed = timed("pendulum", "r1", 5.0, 10, contrast="removed")
    records = [timed("pendulum", None, 40.0, 20), removed]
    for task, seconds in (("ring8", 30.0), ("digits", 50.0), ("grid25", 900.0)):
        records += [timed(task, None, 20.0, 20), timed(task, "r1", seconds, 10)]
    build_report(records, tmp_path, tmp_path / "LEADERBOARD.md")
    assert "| ×5.0 / ×4.0 |" in (tmp_path / "LEADERBOARD.md").read_text()
    assert "×5.0 / ×4.0" in (tmp_path / "strategies" / "index.html").read_text()
    (row,) = pd.read_csv(tmp_path / "tables" / "transfer-reference.csv").to_dict("records")
    assert (row["cost_gan"], row["cost_rl"]) == (5.0, 4.0)
