"""From a grid to records: which cells are missing, what they cost, and how one is run."""

from __future__ import annotations

import base64
import math
import statistics
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from bench import actors, costs, environments, provenance, record, registry
from bench.environments import Backend
from bench.game import DIAGNOSES, Task
from bench.grid import PROTOCOL_VERSION, BadGrid, Cell, spec_hash
from bench.record import (
    Artefact,
    Attempt,
    CorruptRecord,
    Point,
    Provenance,
    Record,
    ScoreInfo,
    SeedResult,
)

if TYPE_CHECKING:
    from bench.train import Run

ATTEMPTS = 2
"""How often a cell that crashes is tried before it is given up in this run."""


@dataclass(frozen=True)
class Job:
    """The seeds of a cell that have no outcome yet, and where its record belongs."""

    cell: Cell
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    path: Path
    seconds: float  # what it is expected to cost on one core
    backend: Backend = "auto"


@dataclass
class Todo:
    """What a grid still needs."""

    jobs: list[Job]  # longest first
    done: int  # cells whose planned seeds all have outcomes
    corrupt: list[str]  # what was found broken, set aside, and counts as missing
    skipped: dict[str, str]  # tasks that cannot run here -> why, and what to do


def submission_folder(results: Path, name: str) -> Path:
    """results/<protocol>/<name>, where a submission's records live."""
    return results / PROTOCOL_VERSION / name


def check(cells: Iterable[Cell], seeds: int) -> None:
    """Raises `UnknownName`, `Conflict` or `BadGrid` if any of the cells can never have a record."""
    for cell in cells:
        cell.learner().blueprint  # noqa: B018  raises if the combination is unlawful
        task = registry.task(cell.task)
        names = (metric.name for metric in (*task.metrics, *DIAGNOSES))
        most = record.most_seeds(names, task.evaluations + 1)
        if seeds > most:
            raise BadGrid(f"{seeds} seeds of {cell.task} do not fit in one record; at most {most}")


def missing(
    cells: Iterable[Cell], folder: Path, seeds: int, backend: Backend, *, dry_run: bool = False
) -> Todo:
    """The grid minus the valid records with the present code's hash; corrupt files are set aside.

    `dry_run` leaves corrupt files where they are.
    """
    planned = tuple(range(seeds))
    jobs: list[Job] = []
    todo = Todo(jobs, done=0, corrupt=[], skipped={})
    for cell in cells:
        task, path = registry.task(cell.task), record.record_path(folder, cell)
        lack = task.missing()
        if lack is not None:
            todo.skipped[task.name] = lack
            continue
        try:
            found = _valid(path, cell)
        except CorruptRecord as error:
            found = None
            kept = path if dry_run else record.set_aside(path)
            todo.corrupt.append(f"{error} (kept as {kept.name}; the cell runs again)")
        have = {result.seed for result in found.seeds} if found else set()
        lacking = tuple(seed for seed in planned if seed not in have)
        if lacking and found and not _alike(found, task, backend):
            lacking = tuple(sorted(have | set(planned)))  # one record, one set of libraries
        if lacking:
            cost = estimate(cell, folder, len(lacking))
            jobs.append(Job(cell, lacking, planned, path, cost, backend))
        else:
            todo.done += 1
    jobs.sort(key=lambda job: -job.seconds)
    return todo


def _valid(path: Path, cell: Cell) -> Record | None:
    """The cell's record if there is one by the present code. Raises `CorruptRecord`."""
    if not path.exists():
        return None
    found = record.read(path)
    return found if found.provenance.spec == spec_hash(cell) else None


def _alike(found: Record, task: Task, backend: Backend) -> bool:
    """Whether seeds run here and now may join a record: same libraries, same environment."""
    here = (provenance.versions(), environments.label(task, backend))
    return (found.provenance.versions, found.provenance.environment) == here


def estimate(cell: Cell, folder: Path, seeds: int) -> float:
    """Expected seconds on one core: from the last record of the cell, or the task's own figure.

    That figure is for the bare cell; strategies cost more by what was measured of them. A batch of
    S seeds costs about 0.4 + 0.06 S of what 10 cost: most of an update is overhead.
    """
    try:
        old = record.read(record.record_path(folder, cell))
        known, of = sum(old.seconds.values()), old.seconds_seeds
    except CorruptRecord:
        task = registry.task(cell.task)
        known = task.seconds * (cell.updates or task.updates) / task.updates
        known, of = known * costs.cell(cell.strategies, task), 10
    return known * (0.4 + 0.06 * seeds) / (0.4 + 0.06 * of)


def run_job(job: Job, progress: Callable[[float], None] = lambda share: None) -> Record:
    """Train the job's seeds and write the cell's record, joined with the seeds it already has.

    A crash is tried again; the last one's exception is raised, and nothing is written.
    """
    from bench.train import Observer, train  # what only lists or plans need not import the tracer

    class Share(Observer):
        def evaluated(self, step: int, metrics: object) -> None:
            progress(step / (updates * learner.game.steps_per_update))

    torch.set_num_threads(1)
    # Before training, because files may be edited meanwhile.
    spec, checkout = spec_hash(job.cell), provenance.checkout()
    attempts: list[Attempt] = []
    while True:
        try:
            learner = job.cell.learner()
            updates = job.cell.updates or learner.game.updates
            run = train(
                learner,
                job.seeds,
                backend=job.backend,
                updates=job.cell.updates,
                observer=Share(),
            )
            break
        except Exception as error:
            if len(attempts) + 1 == ATTEMPTS:
                raise
            oom = isinstance(error, MemoryError | torch.OutOfMemoryError)
            attempts.append(Attempt(reason="oom" if oom else "crashed", message=str(error)[:200]))
    origin = provenance.of(spec, checkout, learner.game, job.backend, compiled=run.compiled)
    made = _record(job, run, attempts, origin)
    try:
        earlier = _valid(job.path, job.cell)
    except CorruptRecord:  # broken since the job was planned
        record.set_aside(job.path)
        earlier = None
    if earlier is not None and _alike(earlier, learner.game, job.backend):
        made = _joined(earlier, made)
    made = _with_samples(made, learner.game, run)
    record.write(job.path, made)
    if run.seeds[0] == made.seeds[0].seed:
        with suppress(OSError):  # a convenience, and the record is safe
            actors.save(job.path, spec, run.seeds[0], run.actor)
    return made


def problem(error: BaseException) -> str:
    """One line on a cell that crashed: what was raised, and where in this project."""
    here = str(Path(__file__).resolve().parents[1])
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(here)]
    own = [f for f in frames if "site-packages" not in f.filename]
    place = f" ({Path(own[-1].filename).relative_to(here)}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"


def summary(made: Record) -> str:
    """One line on a finished cell: score, its range over seeds, and failures."""
    scores = [result.score for result in made.seeds if result.score is not None]
    failed = len(made.seeds) - len(scores)
    info = made.score_info
    text = f"{made.task}/{made.cell}: "
    if scores:
        text += f"{info.metric} {statistics.median(scores):.4g}"
        text += f" (median of {len(scores)}, {min(scores):.4g} to {max(scores):.4g})"
    if failed:
        text += f"{', ' if scores else ''}{failed} of {len(made.seeds)} seeds failed"
    return f"{text}, {sum(made.seconds.values()):.0f} s"


def _record(job: Job, run: Run, attempts: list[Attempt], origin: Provenance) -> Record:
    cell, task = job.cell, registry.task(job.cell.task)
    info = ScoreInfo.of(task)
    return Record(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic refuses others
        strategy=cell.strategy,
        contrast=cell.contrast,
        cell=cell.name,
        updates=cell.updates,
        settings=cell.settings(),
        score_info=info,
        planned_seeds=list(job.planned),
        seeds=[_seed_result(run, i, info, attempts) for i in range(len(run.seeds))],
        seconds={phase: round(spent, 3) for phase, spent in run.seconds.items()},
        seconds_seeds=len(run.seeds),
        provenance=origin,
    )


def _seed_result(run: Run, i: int, info: ScoreInfo, attempts: list[Attempt]) -> SeedResult:
    points = [
        Point(step=step, metrics={k: _rounded(v) for k, v in metrics[i].items()})
        for step, metrics in zip(run.steps, run.curves, strict=True)
    ]
    bad = run.first_bad_step[i]
    status = record.outcome(points, info, bad)
    return SeedResult(
        seed=run.seeds[i],
        status=status,
        **record.summarise(points, info, status),
        first_bad_step=bad,
        curve=points,
        attempts=attempts,
    )


def _rounded(value: float) -> float | None:
    """Seven significant digits: what float32 networks hold, in half the space."""
    return float(f"{value:.7g}") if np.isfinite(value) else None


def _with_samples(made: Record, task: Task, run: Run) -> Record:
    """The record with samples of its first seed: 500 points, or the images it has room for."""
    samples = run.samples
    if run.seeds[0] != made.seeds[0].seed or samples is None or not np.isfinite(samples).all():
        return made
    if task.image_shape is None:
        found = _artefact("points", samples[:500].astype(np.float32))
    else:
        bytes_each = 4 * math.prod(task.image_shape) / 3  # in base64
        count = min(25, int((record.room(made) - 300) / bytes_each))
        pixels = ((samples[:count].clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)
        found = _artefact("images", pixels.reshape(len(pixels), *task.image_shape))
    if found.shape[0] == 0 or record.room(made) < len(found.data) + 300:
        return made
    return made.model_copy(update={"artefacts": {"samples": found}})


def _artefact(kind: Literal["images", "points"], array: np.ndarray) -> Artefact:
    data = base64.b64encode(array.tobytes()).decode()
    dtype: Literal["uint8", "float32"] = "uint8" if kind == "images" else "float32"
    return Artefact(kind=kind, shape=list(array.shape), dtype=dtype, data=data)


def _joined(earlier: Record, later: Record) -> Record:
    """One record of two runs of the same cell by the same code."""
    seeds = {result.seed: result for result in (*later.seeds, *earlier.seeds)}
    phases = earlier.seconds.keys() | later.seconds.keys()
    joined = later.model_copy(
        update={
            "planned_seeds": sorted({*earlier.planned_seeds, *later.planned_seeds}),
            "seeds": [seeds[number] for number in sorted(seeds)],
            "seconds": {
                phase: round(earlier.seconds.get(phase, 0.0) + later.seconds.get(phase, 0.0), 3)
                for phase in phases
            },
            "seconds_seeds": earlier.seconds_seeds + later.seconds_seeds,
        }
    )
    room = record.room(joined)
    fits = sum(len(artefact.data) + 300 for artefact in earlier.artefacts.values()) < room
    return joined.model_copy(update={"artefacts": earlier.artefacts if fits else {}})
