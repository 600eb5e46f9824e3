"""Strategies that have not acted: cells whose numbers are bit for bit those of their base.

A strategy may be inert on a task, or idle beside another, and says why; the control `placebo` is
meant to change nothing. Any other is inert by accident: by a default that means nothing there, or
by a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records import store
from bench.records.json_file import CorruptRecord
from bench.records.paths import record_path
from bench.records.record import Record


def idle(cells: Iterable[Cell], folder: Path) -> Iterator[str]:
    """Yield "TASK/CELL" of every cell with a record that equals its base's without a reason."""
    for cell in cells:
        base = Cell(cell.task, cell.base, play=cell.play)
        if cell == base or cell.updates is not None or excused(cell):
            continue
        try:
            records = [store.read(record_path(folder, each)) for each in (cell, base)]
        except (OSError, CorruptRecord):
            continue  # one of them has no record
        if equal(*records):
            yield f"{cell.task}/{cell.name}"


def excused(cell: Cell) -> bool:
    """Whether all strategies by which a cell differs from its base may change nothing."""
    task, base = registry.task(cell.task), Cell(cell.task, cell.base)
    changed = map(registry.strategy, {*cell.strategies} ^ {*base.strategies})
    return all(
        getattr(entry.module, "IDENTITY", False)
        or entry.build(task).why_inert(task) is not None
        or entry.idle_beside.keys() & {*cell.strategies}
        for entry in changed
    )


def equal(one: Record, other: Record) -> bool:
    """Whether the curves of all common seeds are the same, to the last bit; at least one."""
    curves = {seed.seed: seed.curve for seed in other.seeds}
    common = [seed for seed in one.seeds if seed.seed in curves]
    return bool(common) and all(seed.curve == curves[seed.seed] for seed in common)
