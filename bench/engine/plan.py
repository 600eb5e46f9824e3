"""From a grid to jobs: which cells are missing, their resources and their expected costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.experiment import costs, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.learner.task import diagnostics
from bench.records import provenance, store
from bench.records.atomic import set_aside
from bench.records.json_file import CorruptRecord, UnreadableRecord
from bench.records.outcomes import watched
from bench.records.paths import beside, name_problem, record_path
from bench.records.record import Provenance

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

    def evaluation_report(self, step: int, scores: Sequence[float]) -> dict[str, Any] | None:
        """Return what to report for successive halving after an evaluation; None for nothing."""
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
    skipped: dict[str, str]  # tasks that cannot run here -> why, and what to do

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


def joined(plans: Iterable[RunPlan]) -> RunPlan:
    """Return one plan with the jobs of several, longest first."""
    whole = RunPlan(jobs=[], done=0, corrupt=[], skipped={})
    for part in plans:
        whole.jobs += part.jobs
        whole.done += part.done
        whole.corrupt += part.corrupt
        whole.skipped |= part.skipped
    whole.jobs.sort(key=lambda job: -job.seconds)
    return whole


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
    """Return the jobs for all seeds that have no valid record by the present code.

    Corrupt records are renamed and count as missing; `dry_run` does not rename them. Raises
    `UnreadableRecord`.
    """
    options = options or RunOptions()
    planned = tuple(range(seeds))
    jobs: list[Job] = []
    plan = RunPlan(jobs, done=0, corrupt=[], skipped={})
    for cell in cells:
        task, path = registry.task(cell.task), record_path(folder, cell)
        lack = task.missing()
        if lack is not None:
            plan.skipped[task.name] = lack
            continue
        spec = spec_hash(cell)
        found = plan.read(partial(store.valid, path, spec), path, "the cell runs again", dry_run)
        have = {result.seed for result in found.seeds} if found else set()
        lacking = tuple(seed for seed in planned if seed not in have)
        parts = _parts(lacking, options.seeds_per_trial)
        if lacking and found and store.unlike(found.provenance, *_here(cell, options)):
            # A record may not mix ways of making numbers: one trial trains all its seeds again.
            parts = [tuple(sorted(have | set(planned)))]
        for some in parts:
            cost = estimate(cell, folder, len(some))
            jobs.append(Job(cell, some, planned, path, cost, spec, options))
        plan.done += not lacking
    jobs.sort(key=lambda job: -job.seconds)
    return plan


def _parts(seeds: tuple[int, ...], size: int) -> list[tuple[int, ...]]:
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


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
