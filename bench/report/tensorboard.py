"""The curves of records as TensorBoard event files: one run for each seed of each cell."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tensorboardX import SummaryWriter

from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records.json_file import CorruptRecord
from bench.records.paths import record_path
from bench.records.store import valid


def write_events(folder: Path, cells: Iterable[Cell], out: Path) -> None:
    """Write OUT/TASK/CELL/seed-N for every cell that has a record; what was there is replaced."""
    for cell in cells:
        with suppress(CorruptRecord):
            found = valid(record_path(folder, cell), spec_hash(cell))
            for result in found.seeds if found else ():
                place = out / cell.task / cell.name / f"seed-{result.seed}"
                shutil.rmtree(place, ignore_errors=True)
                with SummaryWriter(str(place), flush_secs=3600) as writer:
                    for point in result.curve:
                        for name, value in point.metrics.items():
                            if value is not None:
                                # The step as time, so that the same records give the same events.
                                writer.add_scalar(name, value, point.step, walltime=point.step)
