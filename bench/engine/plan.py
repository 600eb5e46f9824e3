"""From a grid to jobs: which cells are missing, their resources and their expected costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bench.experiment import costs, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.learner.task import diagnostics
from bench.records import provenance, store
from bench.records.atomic import set_aside
from bench.records.json_file import CorruptRecord, UnreadableRecord
from bench.records.outcomes import watched
from bench.records.paths import beside, name_problem, record_path
from bench.records.record import Provenance, Record

T = TypeVar("T")


@dataclass(frozen=True)
class Resources:
    """The resources of one cell. It trains on a GPU if it has one, or a part of one."""

    cpus: int = 1  # and as many threads
    gpus: float = 0.0

    @property
    def device(self) -> str:
        """Torch's name of the device on which its updates run."""
        return "cuda" if self.gpus else "cpu"


SEED_BATCH = 10
"""Seeds that train together by default: always as many, so that there is one shape to compile."""


@dataclass(frozen=True)
class RunOptions:
    """How cells are run. Their numbers depend on it only by rounding (device, threads)."""

    resources: Resources = field(default_factory=Resources)
    seeds_per_trial: int = SEED_BATCH
    deadline: float | None = None  # seconds; None: by the expected cost
    elsewhere: bool = False  # whether trials may run on other machines than this one
    again: bool = False  # whether tasks whose records were made otherwise are run again


@dataclass(frozen=True)
class Job:
    """The seeds of a cell that one trial trains, and where its record belongs."""

    cell: Cell
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    path: Path
    seconds: float  # expected cost on one core
    spec: str  # the spec hash that it was planned with
    options: RunOptions = field(default_factory=RunOptions)
    open: bool = False  # whether its settings are chosen only when it is handed out
    replaces: Provenance | None = None  # of a record, made otherwise, that its outcomes replace

    @property
    def label(self) -> str:
        """TASK/CELL."""
        return f"{self.cell.task}/{self.cell.name}"

    @property
    def log(self) -> Path:
        """The path of the log of its trials."""
        return beside(self.path.with_name(f"{self.cell.name}.json"), "logs", ".log")

    @property
    def deadline(self) -> float:
        """Seconds after which it is stopped: as requested, or ten times the expected cost.

        At least ten minutes by default, because the machine may be slower, or busy.
        """
        return self.options.deadline or max(600.0, 10.0 * self.seconds)

    @property
    def halving_id(self) -> str | None:
        """The search with whose candidates it is compared by successive halving, or None."""
        return None

    def earlier_objectives(self) -> dict[int, list[float]]:
        """Return number -> objectives of the candidates that its search file contains."""
        return {}

    def evaluation_report(
        self, step: int, scores: Sequence[float], earlier: Sequence[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Return what to report for successive halving after an evaluation; None for nothing.

        `earlier` are the reports before it.
        """
        return None

    @property
    def stall_timeout(self) -> float:
        """Seconds without a heartbeat (progress of training) after which its process is ended."""
        if self.options.deadline is not None:
            return self.options.deadline + GRACE
        return max(STALL_TIMEOUT, self.deadline / 4)


STALL_TIMEOUT = 300.0
"""Seconds. Compilation, or a score over many images, may take minutes without a heartbeat."""

GRACE = 10.0
"""Seconds after a requested deadline in which a cell may stop by itself."""


@dataclass
class RunPlan:
    """The jobs that a grid still needs."""

    jobs: list[Job]  # longest first
    done: int  # cells whose planned seeds all have outcomes
    corrupt: list[str]  # lines on corrupt records, which are renamed and count as missing
    skipped: dict[str, str]  # tasks that cannot or should not run here -> why, and what to do

    @property
    def unit(self) -> str:
        """What to call jobs: cells, or parts of cells if any cell is split."""
        whole = len({job.label for job in self.jobs}) == len(self.jobs)
        return "cells" if whole else "parts of cells"

    @property
    def kept(self) -> str:
        """What to call the files with their outcomes."""
        return "records"

    def read(self, read: Callable[[], T | None], path: Path, then: str, dry_run: bool) -> T | None:
        """What `read` finds in a file; None if it is corrupt, which is noted.

        A corrupt file is set aside, but in a dry run; `then` says what follows. Raises
        `UnreadableRecord`.
        """
        try:
            return read()
        except UnreadableRecord:
            raise
        except CorruptRecord as error:
            kept = path if dry_run else set_aside(path)
            self.corrupt.append(f"{error} (kept as {kept.name}; {then})")
            return None


def check(cells: Iterable[Cell], seeds: int) -> None:
    """Check that all cells can have records. Raises `UnknownName`, `Conflict` or `BadGrid`."""
    for cell in cells:
        cell.learner().blueprint  # noqa: B018  raises if the combination is invalid
        task = registry.task(cell.task)
        why = name_problem(cell)
        if why is not None:
            raise BadGrid(why)
        names = (metric.name for metric in (*task.metrics, *diagnostics(task)))
        most = store.most_seeds(names, task.evaluations + 1, watched(task), task.window)
        if seeds > most:
            raise BadGrid(f"{seeds} seeds of {cell.task} do not fit in one record; at most {most}")


def plan_jobs(
    cells: Iterable[Cell],
    folder: Path,
    seeds: int,
    options: RunOptions | None = None,
    *,
    dry_run: bool = False,
) -> RunPlan:
    """Return the jobs for so many seeds of each cell; see `plan_seeds`."""
    return plan_seeds(dict.fromkeys(cells, seeds), folder, options, dry_run=dry_run)


def plan_seeds(
    wanted: Mapping[Cell, int],
    folder: Path,
    options: RunOptions | None = None,
    *,
    dry_run: bool = False,
) -> RunPlan:
    """Return the jobs for all seeds of the cells that have no valid record by the present code.

    A task's records are made alike (`store.unlike`), because a cell is compared with its base. A
    task that lacks seeds, or whose records are not alike, is skipped if some were made otherwise
    than they would be here; with `options.again` these are replaced. Corrupt records are renamed
    and count as missing; `dry_run` does not rename them. Raises `UnreadableRecord`.
    """
    options = options or RunOptions()
    plan = RunPlan(jobs=[], done=0, corrupt=[], skipped={})
    tasks: dict[str, list[_Need]] = {}
    for cell, seeds in wanted.items():
        path, spec = record_path(folder, cell), spec_hash(cell)
        lack = registry.task(cell.task).missing()
        if lack is not None:
            plan.skipped[cell.task] = lack
            continue
        found = plan.read(partial(store.valid, path, spec), path, "the cell runs again", dry_run)
        differs = store.unlike(found.provenance, *_here(cell, options)) if found else ""
        tasks.setdefault(cell.task, []).append(_Need(cell, seeds, path, spec, found, differs))
    for task, needs in tasks.items():
        apart = [need for need in needs if need.differs]
        alike = len({need.differs for need in needs if need.found}) < 2
        again = bool(apart) and not (alike and not any(need.lacking() for need in needs))
        if again and not options.again:
            plan.skipped[task] = (
                f"{apart[0].cell.name} was not made as it would be here ({apart[0].differs}), and "
                f"cells are compared with bases that were made alike; run it where that was made, "
                f"or make its records again here with --made-elsewhere again"
            )
        for need in needs:
            lacking = need.lacking(again=again and options.again)
            plan.done += not lacking
            if task not in plan.skipped:
                plan.jobs += need.jobs(lacking, folder, options)
    plan.jobs.sort(key=lambda job: -job.seconds)
    return plan


class _Need(NamedTuple):
    """A cell that is wanted with so many seeds, and what there is of it."""

    cell: Cell
    seeds: int
    path: Path
    spec: str
    found: Record | None
    differs: str  # how it was made otherwise than it would be now; "" if it was not

    def lacking(self, *, again: bool = False) -> tuple[int, ...]:
        """The seeds that have no outcome; with `again`, as if what was made otherwise were not."""
        usable = self.found is not None and not (again and self.differs)
        have = {result.seed for result in self.found.seeds} if self.found and usable else set()
        return tuple(seed for seed in range(self.seeds) if seed not in have)

    def jobs(self, lacking: tuple[int, ...], folder: Path, options: RunOptions) -> Iterator[Job]:
        """Yield the jobs of these seeds, in batches."""
        replaced = self.found.provenance if self.found and self.differs else None
        for start in range(0, len(lacking), options.seeds_per_trial):
            some = lacking[start : start + options.seeds_per_trial]
            cost = estimate(self.cell, folder, len(some))
            planned = tuple(range(self.seeds))
            job = Job(self.cell, some, planned, self.path, cost, self.spec, options)
            yield replace(job, replaces=replaced)


def _here(cell: Cell, options: RunOptions) -> tuple[Provenance, *tuple[str, ...]]:
    """Return the provenance of the cell if it were run now, and what of it is not known yet.

    Whether updates are compiled follows from the rest. Machines of a cluster may be others than
    this one: then a trial that finds out trains all seeds again.
    """
    resources = options.resources
    unknown = (
        ("compiled", "cpu", "capability", "compiler", "device")
        if options.elsewhere
        else ("compiled",)
    )
    here = provenance.of(
        "0" * 16,
        (None, None),
        registry.task(cell.task),
        device=resources.device,
        threads=resources.cpus,
        compiled=False,
    )
    return here, *unknown


def estimate(cell: Cell, folder: Path, seeds: int) -> float:
    """Return the expected seconds on one core, by the cell's last record or the task's figure.

    All settings are assumed to cost the same. The task's figure is for the bare cell; it is
    multiplied by the measured costs of the strategies. S seeds cost about 0.4 + 0.06 S times what
    10 seeds cost, because most of an update is overhead.
    """
    try:
        old = store.read(record_path(folder, cell.published))
        known, of = sum(old.seconds.values()), old.seconds_seeds
    except CorruptRecord:
        task = registry.task(cell.task)
        known = task.seconds * (cell.updates or task.updates) / task.updates
        known, of = known * costs.cell(cell.strategies, task), 10
    return known * (0.4 + 0.06 * seeds) / (0.4 + 0.06 * of)
