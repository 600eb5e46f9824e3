"""Strategies that have not acted: cells whose numbers are bit for bit those of a cell without them.

A strategy may be inert on a task, or idle beside another, and says why; the control `placebo` is
meant to change nothing. Any other is inert by accident: by a default that means nothing there, or
by a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records import store
from bench.records.json_file import CorruptRecord
from bench.records.paths import record_path
from bench.records.record import Evaluation, Record


def idle(cells: Iterable[Cell], folder: Path) -> Iterator[str]:
    """Yield "TASK/CELL" of every cell with a record that equals another's without a reason.

    The other is its base, or the same cell with one strategy less.
    """
    for cell in cells:
        if cell.updates is not None:
            continue
        for lesser in dict.fromkeys((*_bases(cell), *_lesser(cell))):
            if cell == lesser or excused(cell, lesser):
                continue
            try:
                records = [store.read(record_path(folder, each)) for each in (cell, lesser)]
            except (OSError, CorruptRecord):
                continue  # one of them has no record
            if equal(*records):
                yield f"{cell.task}/{cell.name}"
                break


def _bases(cell: Cell) -> Iterator[Cell]:
    """The base of the cell, and the one with tuned settings if it has these."""
    base = Cell(cell.task, cell.base, play=cell.play)
    yield base
    if cell.variant:
        yield replace(base, variant=cell.variant)


def _lesser(cell: Cell) -> Iterator[Cell]:
    """The same cell with one added strategy less, for each of them."""
    if cell.variant or cell.play:
        return
    first, *added = cell.name.split("+")
    for name in added:
        with suppress(ValueError):
            rest = "+".join([first, *(other for other in added if other != name)])
            yield Cell.parse(f"{cell.task}/{rest}")


def excused(cell: Cell, lesser: Cell | None = None) -> bool:
    """Whether all strategies by which a cell differs from its base may change nothing.

    From another cell than the base if `lesser` is given.
    """
    other = lesser or Cell(cell.task, cell.base)
    return all(may_rest(name, cell) for name in {*cell.strategies} ^ {*other.strategies})


def may_rest(name: str, cell: Cell) -> bool:
    """Whether a strategy may change nothing in a cell: it says so, and why."""
    beside = registry.strategy(name).idle_beside.keys()
    return never_acts(name, cell) or bool(beside & {*cell.strategies})


def never_acts(name: str, cell: Cell) -> bool:
    """Whether a strategy provably changes nothing in a cell."""
    task, entry = registry.task(cell.task), registry.strategy(name)
    identity: bool = getattr(entry.module, "IDENTITY", False)
    return identity or entry.build(task).why_inert(task) is not None


def equal(one: Record, other: Record) -> bool:
    """Whether the curves of all common seeds are the same, to the last bit; at least one.

    Of metrics that only one of them has kept nothing is known.
    """
    curves = {seed.seed: seed.curve for seed in other.seeds}
    common = [seed for seed in one.seeds if seed.seed in curves]
    return bool(common) and all(_same(seed.curve, curves[seed.seed]) for seed in common)


def _same(one: list[Evaluation], other: list[Evaluation]) -> bool:
    if len(one) != len(other):
        return False
    return all(
        left.step == right.step
        and all(left.metrics[n] == right.metrics[n] for n in left.metrics.keys() & right.metrics)
        for left, right in zip(one, other, strict=True)
    )
