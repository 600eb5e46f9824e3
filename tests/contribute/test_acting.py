"""No strategy is inert by accident: at its default settings each changes updates of a short run."""

from __future__ import annotations

import pytest

from bench.contribute import acting
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.functional import wrappers
from bench.records import acts

QUICK = ("inverted_double_pendulum", "ring8")
CORE = sorted(
    name
    for name, task in registry.tasks().items()
    # A walker's values grow too slowly: in a few thousand updates no slope or error is above 1.
    if task.failure is not None and "small_locomotion" not in task.kinds
)
LATE = ("dragan", "freeze_learning", "gradient_penalty")
"""On the double pendulum they change nothing in the first thousands of updates."""


def minutes(strategy: str, task: str) -> bool:
    """Whether it takes minutes; an update of `unrolled` takes seconds where nothing is compiled."""
    late = strategy in LATE and task == "inverted_double_pendulum"
    return task not in QUICK or late or strategy == "unrolled"


PAIRS = [
    pytest.param(strategy, task, marks=[pytest.mark.slow] * minutes(strategy, task))
    for task in CORE
    for strategy in registry.strategies()
]


@pytest.mark.parametrize(("strategy", "task"), PAIRS)
def test_a_strategy_acts_unless_it_says_why_not(strategy: str, task: str) -> None:
    cell = Cell(task, "reference", strategy)
    if not acts.excused(cell):
        assert acting.share(cell) > 0.0
    elif not registry.strategy(strategy).idle_beside:
        assert acting.share(cell, longest=acting.QUICK) == 0.0


@pytest.mark.parametrize(("strategy", "share"), [("placebo", 0.0), ("lookahead", 0.2), ("r2", 1.0)])
def test_updates_are_counted(strategy: str, share: float) -> None:
    """Lookahead acts in every fifth."""
    assert acting.share(Cell("ring8", "bare", strategy), longest=acting.QUICK) == share


def test_harmful_flips_one_of_two_players_in_three_updates_of_four() -> None:
    assert 0.6 < acting.share(Cell("ring8", "bare", "harmful")) < 0.9


def test_a_network_that_does_nothing_is_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it has parameters of its own."""
    cell = Cell("ring8", "bare", "dropout")
    assert acting.share(cell) == 1.0
    monkeypatch.setattr(
        wrappers.Dropout, "apply", lambda self, params, x: self.inner.apply(params, x)
    )
    assert acting.share(cell) == 0.0


def test_an_unknown_task_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        acting.main(["nonsense"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("unknown task 'nonsense'")
