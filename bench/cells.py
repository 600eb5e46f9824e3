"""From a grid to records: which cells are missing, what they cost, and how one is run."""

from __future__ import annotations

import base64
import platform
import statistics
import subprocess
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from bench import record, registry
from bench.environments import Backend
from bench.game import Task
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
    Status,
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


@dataclass(frozen=True)
class Todo:
    """What a grid still needs."""

    jobs: list[Job]  # longest first
    done: int  # cells whose planned seeds all have outcomes
    corrupt: list[str]  # what was found broken, set aside, and counts as missing


def submission_folder(results: Path, name: str) -> Path:
    """results/<protocol>/<name>, where a submission's records live."""
    return results / PROTOCOL_VERSION / name


def check(cells: Iterable[Cell], seeds: int) -> None:
    """Raises `UnknownName`, `Conflict` or `BadGrid` if any of the cells can never have a record."""
    for cell in cells:
        cell.learner().blueprint  # noqa: B018  raises if the combination is unlawful
        task = registry.task(cell.task)
        most = record.most_seeds((metric.name for metric in task.metrics), task.evaluations + 1)
        if seeds > most:
            raise BadGrid(f"{seeds} seeds of {cell.task} do not fit in one record; at most {most}")


def missing(
    cells: Iterable[Cell], folder: Path, seeds: int, backend: Backend, *, dry_run: bool = False
) -> Todo:
    """The grid minus the valid records with the present code's hash; corrupt files are set aside.

    `dry_run` leaves corrupt files where they are.
    """
    planned = tuple(range(seeds))
    jobs, done, corrupt = [], 0, []
    for cell in cells:
        path = record.record_path(folder, cell)
        try:
            found = _valid(path, cell)
        except CorruptRecord as error:
            found = None
            kept = path if dry_run else record.set_aside(path)
            corrupt.append(f"{error} (kept as {kept.name}; the cell runs again)")
        have = {result.seed for result in found.seeds} if found else set()
        lacking = tuple(seed for seed in planned if seed not in have)
        if lacking:
            cost = estimate(cell, folder, len(lacking))
            jobs.append(Job(cell, lacking, planned, path, cost, backend))
        else:
            done += 1
    return Todo(sorted(jobs, key=lambda job: -job.seconds), done, corrupt)


def _valid(path: Path, cell: Cell) -> Record | None:
    """The cell's record if there is one by the present code. Raises `CorruptRecord`."""
    if not path.exists():
        return None
    found = record.read(path)
    return found if found.provenance.spec == spec_hash(cell) else None


def estimate(cell: Cell, folder: Path, seeds: int) -> float:
    """Expected seconds on one core: from the last record of the cell, or the task's own figure.

    A batch of S seeds costs about 0.4 + 0.06 S of what 10 cost: most of an update is overhead.
    """
    try:
        old = record.read(record.record_path(folder, cell))
        known, of = sum(old.seconds.values()), old.seconds_seeds
    except CorruptRecord:
        known, of = registry.task(cell.task).seconds, 10
    return known * (0.4 + 0.06 * seeds) / (0.4 + 0.06 * of)


def run_job(job: Job, progress: Callable[[float], None] = lambda share: None) -> Record:
    """Train the job's seeds and write the cell's record, joined with the seeds it already has.

    A crash is tried again; the last one's exception is raised, and nothing is written.
    """
    from bench.train import train  # what only lists or plans need not import the tracer

    torch.set_num_threads(1)
    spec = spec_hash(job.cell)  # before training, because files may be edited meanwhile
    attempts: list[Attempt] = []
    while True:
        try:
            run = train(job.cell.learner(), job.seeds, backend=job.backend, progress=progress)
            break
        except Exception as error:
            if len(attempts) + 1 == ATTEMPTS:
                raise
            oom = isinstance(error, MemoryError | torch.OutOfMemoryError)
            attempts.append(Attempt(reason="oom" if oom else "crashed", message=str(error)[:200]))
    made = _record(job, run, attempts, spec)
    try:
        earlier = _valid(job.path, job.cell)
    except CorruptRecord:  # broken since the job was planned
        record.set_aside(job.path)
        earlier = None
    if earlier is not None:
        made = _joined(earlier, made)
    record.write(job.path, made)
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


def _record(job: Job, run: Run, attempts: list[Attempt], spec: str) -> Record:
    cell, task = job.cell, registry.task(job.cell.task)
    score = task.metrics[0]
    info = ScoreInfo(
        metric=score.name,
        unit=score.unit,
        better=score.better,
        window=task.window,
        step_unit=task.step_unit,
    )
    return Record(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic refuses others
        strategy=cell.strategy,
        contrast=cell.contrast,
        cell=cell.name,
        settings=cell.settings(),
        score_info=info,
        planned_seeds=list(job.planned),
        seeds=[_seed_result(run, i, info, attempts) for i in range(len(run.seeds))],
        seconds={phase: round(spent, 3) for phase, spent in run.seconds.items()},
        seconds_seeds=len(run.seeds),
        artefacts=_artefacts(task, run),
        provenance=_provenance(run, spec),
    )


def _seed_result(run: Run, i: int, info: ScoreInfo, attempts: list[Attempt]) -> SeedResult:
    points = [
        Point(step=step, metrics={k: _rounded(v) for k, v in metrics[i].items()})
        for step, metrics in zip(run.steps, run.curves, strict=True)
    ]
    bad = run.first_bad_step[i]
    lost = bad is not None or points[-1].metrics[info.metric] is None
    status: Status = "diverged" if lost else "ok"
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


def _artefacts(task: Task, run: Run) -> dict[str, Artefact]:
    """Samples of the first seed: 25 images or 500 points."""
    if run.samples is None or not np.isfinite(run.samples).all():
        return {}
    shape = getattr(task, "image_shape", None)
    if shape is None:
        return {"samples": _artefact("points", run.samples[:500].astype(np.float32))}
    pixels = ((run.samples[:25].clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)
    return {"samples": _artefact("images", pixels.reshape(len(pixels), *shape))}


def _artefact(kind: Literal["images", "points"], array: np.ndarray) -> Artefact:
    data = base64.b64encode(array.tobytes()).decode()
    dtype: Literal["uint8", "float32"] = "uint8" if kind == "images" else "float32"
    return Artefact(kind=kind, shape=list(array.shape), dtype=dtype, data=data)


def _joined(earlier: Record, later: Record) -> Record:
    """One record of two runs of the same cell by the same code."""
    seeds = {result.seed: result for result in (*later.seeds, *earlier.seeds)}
    phases = earlier.seconds.keys() | later.seconds.keys()
    return later.model_copy(
        update={
            "planned_seeds": sorted({*earlier.planned_seeds, *later.planned_seeds}),
            "seeds": [seeds[number] for number in sorted(seeds)],
            "seconds": {
                phase: round(earlier.seconds.get(phase, 0.0) + later.seconds.get(phase, 0.0), 3)
                for phase in phases
            },
            "seconds_seeds": earlier.seconds_seeds + later.seconds_seeds,
            "artefacts": earlier.artefacts,
        }
    )


def _provenance(run: Run, spec: str) -> Provenance:
    commit, dirty = _checkout()
    packages = ("torch", "numpy", "gymnasium", "envpool", "ray", "torch-fidelity", "scikit-learn")
    return Provenance(
        suite=_version("crossover-bench") or "unknown",
        commit=commit,
        dirty=dirty,
        spec=spec,
        versions={
            "python": platform.python_version(),
            **{name: found for name in packages if (found := _version(name))},
        },
        environment=run.environment,
        device="cpu",
        cpu=_cpu(),
        threads=torch.get_num_threads(),
        dtype=str(torch.get_default_dtype()).removeprefix("torch."),
    )


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def _checkout() -> tuple[str | None, bool | None]:
    """The commit this code was run from, and whether files had been changed since."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        code = ("--", ":(top)bench", ":(top)tasks", ":(top)strategies", ":(top)pyproject.toml")
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", *code))
    except (OSError, subprocess.CalledProcessError):
        return None, None


@cache
def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
