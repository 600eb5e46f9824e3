"""At home: the claim of a strategy's paper, and the two cells of this suite that show it.

A strategy that does nothing where it was born cannot be said not to transfer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple

from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell

SUBMISSION = "home"
"""The submission that holds the records of home evidence."""


class AtHome(NamedTuple):
    """What a strategy file declares as AT_HOME."""

    claim: str  # of the paper, in a few words
    cell: str  # TASK/CELL with the strategy
    against: str  # the same without it
    by: str = "final"  # what they are compared by: "final", "area", or one of the task's metrics
    cause: str = ""  # of a claim that is not shown: why not


def at_home(strategy: str) -> AtHome | None:
    """Return what a strategy declares; None if it declares nothing, as a control."""
    declared: dict[str, Any] | None = getattr(registry.strategy(strategy).module, "AT_HOME", None)
    return None if declared is None else AtHome(**declared)


def directions(task: str) -> dict[str, Literal["higher", "lower"]]:
    """Return the direction of improvement of each of a task's metrics that has one."""
    return {m.name: m.better for m in registry.task(task).metrics if m.better != "neither"}


def cells(strategies: Iterable[str], tasks: Collection[str]) -> list[Cell]:
    """Return both cells of every strategy that declares them on one of these tasks, once each.

    Raises `BadGrid` for a text that is no cell, and for a metric that its task has not.
    """
    found: dict[Cell, None] = {}
    for strategy in strategies:
        declared = at_home(strategy)
        pair = []
        for text in (declared.against, declared.cell) if declared else ():
            try:
                pair.append(Cell.parse(text))
            except ValueError as wrong:
                raise BadGrid(f"AT_HOME of {strategy}: {wrong}") from wrong
        found |= dict.fromkeys(pair)
        if declared is not None:
            against, cell = pair
            if not _differ_in(strategy, cell, against):
                raise BadGrid(
                    f"AT_HOME of {strategy}: {declared.cell} and {declared.against} do not differ "
                    f"in {strategy}, on one task; name the same cell with it and without it"
                )
            task = cell.task
            known = ["final", "area", *directions(task)]
            if declared.by not in known:
                raise BadGrid(
                    f"AT_HOME of {strategy}: {task} has no {declared.by!r} to compare by; "
                    f"choose {', '.join(known)}"
                )
    return [cell for cell in found if cell.task in tasks]


def _differ_in(strategy: str, cell: Cell, against: Cell) -> bool:
    """Whether a cell is another one with a strategy, maybe in the place of what it replaces."""
    added, removed = {*cell.strategies}, {*against.strategies}
    added, removed = added - removed, removed - added
    replaced = {*registry.strategy(strategy).instead_of}
    return cell.task == against.task and added == {strategy} and removed <= replaced
