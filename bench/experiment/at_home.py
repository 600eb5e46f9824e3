"""At home: the claim of a strategy's paper, and the two cells of this suite that show it.

A strategy that does nothing where it was born cannot be said not to transfer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple

from bench.experiment import registry
from bench.experiment.cell import Cell


class AtHome(NamedTuple):
    """What a strategy file declares as AT_HOME."""

    claim: str  # of the paper, in a few words
    cell: str  # TASK/CELL with the strategy
    against: str  # the same without it
    by: Literal["final", "area"] = "final"  # the endpoint by which they are compared


def at_home(strategy: str) -> AtHome | None:
    """Return what a strategy declares; None if it declares nothing, as a control.

    Raises `Incomplete` if it is not what `AtHome` holds.
    """
    module = registry.strategy(strategy).module
    declared: dict[str, Any] | None = getattr(module, "AT_HOME", None)
    try:
        return None if declared is None else AtHome(**declared)
    except TypeError:
        parts = ", ".join(AtHome._fields)
        raise registry.Incomplete(f"{module.__file__}: AT_HOME is no dict of {parts}") from None


def cells(strategies: Iterable[str], tasks: Collection[str]) -> list[Cell]:
    """Return both cells of every strategy that declares them on one of these tasks, once each.

    Raises what `Cell.parse` raises.
    """
    declared = (at_home(strategy) for strategy in strategies)
    pairs = (Cell.parse(text) for one in declared if one for text in (one.against, one.cell))
    return list(dict.fromkeys(cell for cell in pairs if cell.task in tasks))
