"""No strategy is inert by accident: at its default settings each changes updates of a short run."""

from __future__ import annotations

import pytest

from bench.contribute import acting
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records import acts

QUICK = ("inverted_double_pendulum", "ring8")
CORE = sorted(
    name
    for name, task in registry.tasks().items()
    # A walker's values grow too slowly: in a few thousand updates no slope or error is above 1.
    if task.failure is not None and "small_locomotion" not in task.kinds
)
TASKS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CORE]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("strategy", list(registry.strategies()))
def test_a_strategy_acts_unless_it_says_why_not(strategy: str, task: str) -> None:
    cell = Cell(task, "reference", strategy)
    if not acts.excused(cell):
        assert acting.share(cell) > 0.0
    elif not registry.strategy(strategy).idle_beside:
        assert acting.share(cell, longest=acting.LONG) == 0.0


@pytest.mark.parametrize(("strategy", "share"), [("placebo", 0.0), ("lookahead", 0.2), ("r2", 1.0)])
def test_updates_are_counted(strategy: str, share: float) -> None:
    """Lookahead acts in every fifth."""
    assert acting.share(Cell("ring8", "bare", strategy)) == share


def test_harmful_flips_one_of_two_players_in_three_updates_of_four() -> None:
    assert 0.6 < acting.share(Cell("ring8", "bare", "harmful")) < 0.9
