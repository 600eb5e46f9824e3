"""One trial: trains the seeds of a job in this process, with a deadline, a watchdog and a log."""

from __future__ import annotations

import logging
import os
import platform
import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, Literal

import numpy as np
import torch

from bench.engine.fault_injection import Faults
from bench.engine.plan import Job
from bench.engine.trial_log import trial_log
from bench.engine.watchdog import Watchdog
from bench.experiment import registry
from bench.experiment.spec import spec_hash
from bench.learner.task import Task
from bench.records import actors, outcomes, provenance
from bench.records.attempt import Reason
from bench.records.json_file import rounded
from bench.records.record import Evaluation, Provenance, Record, ScoreInfo, SeedResult
from bench.records.search import SearchEvaluation
from bench.training import train as training
from bench.training.train import Metrics, Observer, Run

SAMPLES = 500
"""How many samples of the first seed a trial returns, at most."""

LONGEST = 500
"""Characters of an error that are shown; some repeat a compiler's whole command."""

MOMENT = 0.1
"""Seconds between two checks of the deadline, heartbeats and reports of progress."""


class Overdue(TimeoutError):
    """The cell has exceeded its deadline."""


class Changed(RuntimeError):
    """The code or data here is not what the run was planned with."""


@dataclass(frozen=True)
class TrialResult:
    """What a trial returns to the driver process."""

    record: Record  # of the job's seeds alone, without samples
    samples: np.ndarray | None  # of the first seed
    actor: bytes  # the first seed's, as `bench.records.actors` keeps it

    status: ClassVar[Literal["finished"]] = "finished"

    @property
    def curve(self) -> list[SearchEvaluation]:
        """The scores of all seeds at every evaluation after step 0, as a search keeps them."""
        name, seeds = self.record.score_info.metric, self.record.seeds
        return [
            SearchEvaluation.of(first.step, [seed.curve[index].metrics[name] for seed in seeds])
            for index, first in enumerate(seeds[0].curve)
            if first.step
        ]

    @property
    def seconds(self) -> float:
        """Wall time, all seeds together."""
        return sum(self.record.seconds.values())

    @property
    def provenance(self) -> Provenance | None:
        """Where its numbers come from."""
        return self.record.provenance


Evaluated = Callable[[int, list[float]], None]
"""Callback after an evaluation: its step, and each seed's score."""


def run(
    job: Job,
    updated: Callable[[float], None] = lambda share: None,
    evaluated: Evaluated = lambda step, scores: None,
) -> TrialResult:
    """Train the job's seeds and return the result.

    `updated` is called with the share of training that is done, every `MOMENT` seconds at most, and
    `evaluated` after every evaluation. Writes nothing but a log. Raises what training raises,
    `Overdue` past the job's deadline, and `Changed` if code or data is not what was planned. If
    training makes no progress for the job's `stall_timeout`, the process ends with exit code 3, and
    the stacks of its threads are in the log.
    """
    torch.set_num_threads(job.options.resources.cpus)
    device = _device(job)
    with trial_log(job) as (log, stream):
        log.info(
            "begin %s: seeds %s; %s, %d threads; host %s, process %d",
            *(job.label, ", ".join(map(str, job.seeds)), device, job.options.resources.cpus),
            *(platform.node(), os.getpid()),
        )
        try:
            result = _trained(job, device, _Watch(job, updated, evaluated, log), stream)
        except SystemExit:
            log.info("stopped %s by Tune: other settings are ahead, or the run ends", job.label)
            raise
        except BaseException as error:
            log.info("ended without an outcome: %s", problem(error))
            log.info("%s", traceback.format_exc())
            raise
        log.info("done %s: %s", job.label, summary(result.record))
    return result


def _trained(job: Job, device: str, watch: _Watch, stream: IO[str]) -> TrialResult:
    # Checked before training, because files may be edited meanwhile.
    if spec_hash(job.cell) != job.spec:
        raise Changed(
            f"the code or data of {job.label} on {platform.node()} is not what this run was "
            f"planned with; give all machines the same version and run the same command again"
        )
    checkout = provenance.checkout()
    learner = job.cell.learner()
    stalled = (
        f"{job.label} made no progress for {job.stall_timeout:.0f} s and is ended; its log is "
        f"{job.log}"
    )
    with Watchdog(job.stall_timeout, stalled, stream) as watch.dog:
        trained = training.train(
            learner,
            job.seeds,
            updates=job.cell.updates,
            observer=watch,
            device=device,
        )
    origin = provenance.of(
        job.spec,
        checkout,
        learner.task,
        device=device,
        threads=job.options.resources.cpus,
        compiled=trained.compiled,
    )
    return TrialResult(
        _record(job, trained, origin),
        None if trained.samples is None else trained.samples[:SAMPLES].astype(np.float32),
        actors.packed(job.spec, trained.seeds[0], trained.actor),
    )


def _device(job: Job) -> str:
    """Return the device of the job's resources; a part of a GPU may use that part of its memory."""
    if 0 < job.options.resources.gpus < 1:
        torch.cuda.set_per_process_memory_fraction(job.options.resources.gpus)
    return job.options.resources.device


class _Watch(Observer):
    """The observer of one training: deadline, heartbeats, log, reports, and injected faults."""

    dog: Watchdog  # set before training

    def __init__(
        self, job: Job, updated: Callable[[float], None], evaluated: Evaluated, log: logging.Logger
    ) -> None:
        self._job, self._updated, self._evaluated, self._log = job, updated, evaluated, log
        self._begin = self._seen = time.monotonic()
        self._faults = Faults(job.label)
        self._metric = registry.task(job.cell.task).metrics[0].name

    def updated(self, share: float) -> None:
        if self._faults:
            self._faults.training(share)
        now = time.monotonic()
        if now - self._seen < MOMENT:
            return
        self._seen = now
        self.dog.pat()
        if now - self._begin > self._job.deadline:
            raise Overdue(
                f"not done after {self._job.deadline:.0f} s, {share:.0%} of training; "
                f"--deadline gives cells more"
            )
        self._updated(share)

    def evaluated(self, step: int, metrics: list[Metrics]) -> None:
        self.dog.pat()
        scores = [seed[self._metric] for seed in metrics]
        self._log.info("step %d: %s %.4g (median)", step, self._metric, statistics.median(scores))
        self._evaluated(step, scores)


def reason(error: BaseException) -> Reason:
    """Return the reason for which a trial that raised this error gave no outcome."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return "oom"
    return "timeout" if isinstance(error, Overdue) else "crashed"


def problem(error: BaseException) -> str:
    """Return one line on an error: what was raised, and where in this project."""
    root = provenance.package_root()
    here = tuple(root / folder for folder in ("bench", "tests"))
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if any(map(Path(f.filename).is_relative_to, here))]
    if isinstance(error, Overdue | Changed):  # the message is enough
        own = []
    place = f" ({Path(own[-1].filename).relative_to(root)}:{own[-1].lineno})" if own else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text[:LONGEST]}{place}"


def summary(record: Record) -> str:
    """Return one line on a finished cell: median score, its range over seeds, and failed seeds."""
    scores = [result.score for result in record.seeds if result.score is not None]
    failed = len(record.seeds) - len(scores)
    info = record.score_info
    text = f"{record.task}/{record.cell}: "
    if scores:
        text += f"{info.metric} {statistics.median(scores):.4g}"
        text += f" (median of {len(scores)}, {min(scores):.4g} to {max(scores):.4g})"
    if failed:
        text += f"{', ' if scores else ''}{failed} of {len(record.seeds)} seeds failed"
    return f"{text}, {sum(record.seconds.values()):.0f} s"


def _record(job: Job, run: Run, origin: Provenance) -> Record:
    cell, task = job.cell, registry.task(job.cell.task)
    info = ScoreInfo.of(task)
    return Record(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic rejects others
        strategy=cell.strategy,
        instead_of=cell.instead_of,
        contrast=cell.contrast,
        cell=cell.name,
        updates=cell.updates,
        play=cell.play,
        settings=cell.settings(),
        settings_from="tuned" if cell.variant else "published",
        score_info=info,
        planned_seeds=list(job.planned),
        seeds=[_seed_result(run, i, info, task) for i in range(len(run.seeds))],
        seconds={phase: round(spent, 3) for phase, spent in run.seconds.items()},
        seconds_seeds=len(run.seeds),
        provenance=origin,
    )


def _seed_result(run: Run, i: int, info: ScoreInfo, task: Task) -> SeedResult:
    points = [
        Evaluation(step=step, metrics={k: rounded(v) for k, v in metrics[i].items()})
        for step, metrics in zip(run.steps, run.curves, strict=True)
    ]
    bad = run.first_bad_step[i]
    status = outcomes.outcome(points, info, bad)
    return SeedResult(
        seed=run.seeds[i],
        status=status,
        first_bad_step=bad,
        curve=outcomes.kept(run.seeds[i], points, outcomes.watched(task), info.window),
        **outcomes.summarise(points, info, status),  # type: ignore[arg-type]
    )
