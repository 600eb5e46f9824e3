"""Cells of a submission that are run again: which can be, by what plan, into another folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.engine.plan import RunOptions, RunPlan, check, estimate, plan_seeds
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records import search_store, store
from bench.records.json_file import CorruptRecord
from bench.records.record import Record
from bench.submissions.check import MOST_SEEDS, cells, content


class Unfit(ValueError):
    """A record whose cell cannot be run again by this code, here; the message says why."""


@dataclass(frozen=True)
class Target:
    """A cell that is run again, and the record that it is checked against."""

    path: Path
    raw: bytes
    record: Record
    cell: Cell
    seeds: int
    seconds: float  # expected on one core; by the task, because a record may claim anything

    @property
    def label(self) -> str:
        """TASK/CELL."""
        return f"{self.cell.task}/{self.cell.name}"


def target(path: Path, folder: Path, seeds: int | None = None) -> Target:
    """Return a record's first seeds (at most ten by default) as what is to be run into a folder.

    Raises `Unfit`, and `CorruptRecord` if it is no record.
    """
    raw, record = content(path), store.read(path)
    cell, count = record.origin, min(seeds or MOST_SEEDS, len(record.seeds))
    try:
        if spec_hash(cell) != record.provenance.spec:
            raise Unfit("made by other code, settings or data than this checkout's")
        check([cell], count)
        lack = registry.task(cell.task).missing()
        if lack is not None:
            raise Unfit(lack)
        why = search_store.unchosen(store.Found(path, record)) if cell.variant else None
    except ValueError as error:  # an unknown task or strategy, a conflict, another setting
        raise Unfit(str(error)) from error
    if why:
        raise Unfit(why)
    if (path.parent.name, path.name) != (cell.task, f"{cell.name}.json"):
        raise Unfit(f"it is the record of {cell.task}/{cell.name}, in another's place")
    if [result.seed for result in record.seeds[:count]] != list(range(count)):
        raise Unfit("its seeds are not 0, 1, 2, ...")
    return Target(path, raw, record, cell, count, estimate(cell, folder, count))


def plan(targets: Iterable[Target], folder: Path, options: RunOptions, *, dry_run: bool) -> RunPlan:
    """Return one plan for all targets."""
    wanted = {each.cell: each.seeds for each in targets}
    return plan_seeds(wanted, folder, options, dry_run=dry_run)


def targets(
    submission: Path, folder: Path, seeds: int | None, most_seconds: float
) -> tuple[dict[str, Target], Counter[str]]:
    """Return what can be drawn of a submission's records, as draws name them, and why others not.

    Cells that are expected to take more than `most_seconds` each are left out, and cells with a
    custom number of updates, which are in no table. What is no record is named.
    """
    found: dict[str, Target] = {}
    lacking: Counter[str] = Counter()
    for name in cells(submission):
        path = submission / "/".join(name.split("/")[2:])
        try:
            each = target(path.with_name(f"{path.name}.json"), folder, seeds)
        except CorruptRecord as error:
            lacking[f"no valid record: {error}"] += 1
        except Unfit as why:
            lacking[str(why)] += 1
        else:
            if each.cell.updates is not None:
                lacking["a custom number of updates"] += 1
            elif each.seconds > most_seconds:
                lacking["expected to take longer than --max-hours"] += 1
            else:
                found[name] = each
    return found, lacking
