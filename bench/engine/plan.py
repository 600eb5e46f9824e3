"""From a grid to jobs: which cells are missing, what they may use, and what they will cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.experiment import costs, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.learner.task import DIAGNOSES
from bench.records import provenance, store
from bench.records.atomic import set_aside
from bench.records.json_file import CorruptRecord, UnreadableRecord
from bench.records.paths import beside, record_path
from bench.records.record import Provenance
from bench.training.environments import Backend

T = TypeVar("T")


@dataclass(frozen=True)
class Resources:
    """What a cell is given. It trains on a GPU if it has one, or a part of one."""

    cpus: int = 1  # and as many threads
    gpus: float = 0.0

    @property
    def device(self) -> str:
        """Where its updates run, in torch's words."""
        return "cuda" if self.gpus else "cpu"


@dataclass(frozen=True)
class RunOptions:
    """How cells are to be run; their numbers do not depend on it, but for the device's rounding."""

    backend: Backend = "auto"
    resources: Resources = field(default_factory=Resources)
    seeds_per_trial: int | None = None  # None: all seeds of a cell in one trial
    deadline: float | None = None  # seconds; None: by the expected cost


@dataclass(frozen=True)
class Job:
    """The seeds of a cell that one trial trains, and where its record belongs."""

    cell: Cell
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    path: Path
    seconds: float  # what it is expected to cost on one core
    spec: str  # the hash of the code and the settings that it was planned with
    options: RunOptions = field(default_factory=RunOptions)
    open: bool = False  # whether its settings are still to be chosen when it is handed out

    @property
    def label(self) -> str:
        """TASK/CELL."""
        return f"{self.cell.task}/{self.cell.name}"

    @property
    def log(self) -> Path:
        """Where its trials say what they do."""
        return beside(self.path.with_name(f"{self.cell.name}.json"), "logs", ".log")

    @property
    def deadline(self) -> float:
        """Seconds after which it is given up: those asked for, or ten times what is expected.

        At least ten minutes: the machine may be another one, and busy.
        """
        return self.options.deadline or max(600.0, 10.0 * self.seconds)

    @property
    def halving_id(self) -> str | None:
        """The search in which it competes under successive halving; None if in none."""
        return None

    def earlier_objectives(self) -> dict[int, list[float]]:
        """By number, the objectives of the candidates that its search knows already."""
        return {}

    def evaluation_report(self, step: int, scores: Sequence[float]) -> dict[str, Any] | None:
        """What it is compared by in its search after an evaluation; None for nothing."""
        return None

    @property
    def stall_timeout(self) -> float:
        """Seconds without a sign of life after which its process is killed."""
        if self.options.deadline is not None:
            return self.options.deadline + GRACE
        return max(STALL_TIMEOUT, self.deadline / 4)


STALL_TIMEOUT = 300.0
"""Compilation, or a score over many images, may take minutes in which nothing is heard."""

GRACE = 10.0
"""Seconds in which a cell may find out by itself that it is past the deadline asked for."""


@dataclass
class RunPlan:
    """What a grid still needs."""

    jobs: list[Job]  # longest first
    done: int  # cells whose planned seeds all have outcomes
    corrupt: list[str]  # what was found broken, set aside, and counts as missing
    skipped: dict[str, str]  # tasks that cannot run here -> why, and what to do

    @property
    def unit(self) -> str:
        """What jobs are: where cells are split, what is counted is their parts."""
        whole = len({job.label for job in self.jobs}) == len(self.jobs)
        return "cells" if whole else "parts of cells"

    @property
    def kept(self) -> str:
        """Where their outcomes are written down."""
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
    """Raises `UnknownName`, `Conflict` or `BadGrid` if any of the cells can never have a record."""
    for cell in cells:
        cell.learner().blueprint  # noqa: B018  raises if the combination is unlawful
        task = registry.task(cell.task)
        names = (metric.name for metric in (*task.metrics, *DIAGNOSES))
        most = store.most_seeds(names, task.evaluations + 1)
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
    """The grid minus the valid records with the present code's hash; corrupt files are set aside.

    `dry_run` leaves corrupt files where they are. Raises `UnreadableRecord`.
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
        if lacking and found and not store.alike(found.provenance, _here(cell, options)):
            # One record, one set of libraries: all of it is made anew, by one trial.
            parts = [tuple(sorted(have | set(planned)))]
        for some in parts:
            cost = estimate(cell, folder, len(some))
            jobs.append(Job(cell, some, planned, path, cost, spec, options))
        plan.done += not lacking
    jobs.sort(key=lambda job: -job.seconds)
    return plan


def _parts(seeds: tuple[int, ...], size: int | None) -> list[tuple[int, ...]]:
    size = size or max(1, len(seeds))
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _here(cell: Cell, options: RunOptions) -> Provenance:
    """What the provenance of the cell would be if it were run here, as far as `alike` looks."""
    resources = options.resources
    return provenance.of(
        "0" * 16,
        (None, None),
        registry.task(cell.task),
        options.backend,
        device=resources.device,
        threads=resources.cpus,
        compiled=False,
    )


def estimate(cell: Cell, folder: Path, seeds: int) -> float:
    """Expected seconds on one core: from the last record of the cell, or the task's own figure.

    Settings are taken to cost nothing. The task's figure is for the bare cell; strategies cost more
    by what was measured of them. A batch of S seeds costs about 0.4 + 0.06 S of what 10 cost: most
    of an update is overhead.
    """
    try:
        old = store.read(record_path(folder, cell.published))
        known, of = sum(old.seconds.values()), old.seconds_seeds
    except CorruptRecord:
        task = registry.task(cell.task)
        known = task.seconds * (cell.updates or task.updates) / task.updates
        known, of = known * costs.cell(cell.strategies, task), 10
    return known * (0.4 + 0.06 * seeds) / (0.4 + 0.06 * of)
