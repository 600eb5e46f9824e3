"""Stores the results of trials in records: the only writer of records, in the driver process."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

import numpy as np

from bench.engine.fault_injection import Faults
from bench.engine.plan import Job
from bench.engine.trial import TrialResult
from bench.experiment import registry
from bench.learner.task import Task
from bench.records import actors, store
from bench.records.atomic import set_aside
from bench.records.attempt import Attempt
from bench.records.json_file import CorruptRecord, UnreadableRecord
from bench.records.record import (
    Artefact,
    Record,
    SeedResult,
)


class Unlike(RuntimeError):
    """Seeds that may not be in one record with the stored ones, `seeds`."""

    def __init__(self, message: str, seeds: Iterable[int]) -> None:
        super().__init__(message)
        self.seeds = tuple(seeds)


def keep(job: Job, result: TrialResult, attempts: list[Attempt]) -> Record:
    """Write and return the job's record, and its actor; a corrupt file is renamed first.

    Stored seeds of the same spec are kept if their numbers were made alike (`store.unlike`);
    otherwise the job replaces them (`Job.replaces`), or its trial has trained all of them again, or
    `Unlike` is raised. `attempts` are earlier attempts without an outcome; they are stored with
    each new seed. Raises `OSError` if the record cannot be written. On an error the file is as
    before.
    """
    seeds = [seed.model_copy(update={"attempts": attempts}) for seed in result.record.seeds]
    new = result.record.model_copy(update={"seeds": seeds})
    try:
        earlier = store.valid(job.path, job.spec)
    except UnreadableRecord:
        raise
    except CorruptRecord:  # corrupted since the job was planned
        set_aside(job.path)
        earlier = None
    if earlier is not None and earlier.provenance != job.replaces:
        have, made = ({seed.seed for seed in record.seeds} for record in (earlier, new))
        differs = store.unlike(earlier.provenance, new.provenance)
        if not differs:
            if have >= made:  # written already
                return earlier
            new = _joined(earlier, new)
        elif not have <= made:
            raise Unlike(f"not made like the other seeds of its record ({differs})", have)
    if store.room(new) < 0:
        new = new.model_copy(update={"seeds": [_without_messages(seed) for seed in new.seeds]})
    first = result.record.seeds[0].seed
    if first == new.seeds[0].seed and result.samples is not None:
        new = _with_samples(new, registry.task(job.cell.task), result.samples)
    faults = Faults(job.label)
    faults.writing()
    store.write(job.path, new)
    faults.written(job.path)
    if first == new.seeds[0].seed:
        with suppress(OSError):  # the actor is optional, and the record is written
            actors.keep(job.path, result.actor)
    return new


def _without_messages(result: SeedResult) -> SeedResult:
    attempts = [attempt.model_copy(update={"message": ""}) for attempt in result.attempts]
    return result.model_copy(update={"attempts": attempts})


def _with_samples(record: Record, task: Task, samples: np.ndarray) -> Record:
    """Return the record with samples of its first seed: 500 points, or as many images as fit."""
    if not np.isfinite(samples).all():
        return record
    shape = task.picture_shape or task.image_shape
    if shape is None:
        return _with(record, "points", samples[:500].astype(np.float32))
    pixels = ((samples[:25].clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)
    return _with(record, "images", pixels.reshape(len(pixels), *shape))


def _with(record: Record, kind: Literal["images", "points"], samples: np.ndarray) -> Record:
    """Return the record with these samples: as many images as fit, all points or none."""
    if kind == "images":
        bytes_each = 4 * math.prod(samples.shape[1:]) / 3  # in base64
        samples = samples[: max(0, int((store.room(record) - 300) / bytes_each))]
    if len(samples) == 0:
        return record
    found = _artefact(kind, samples)
    if store.room(record) < len(found.data) + 300:
        return record
    return record.model_copy(update={"artefacts": {"samples": found}})


def _artefact(kind: Literal["images", "points"], array: np.ndarray) -> Artefact:
    data = base64.b64encode(array.tobytes()).decode()
    dtype: Literal["uint8", "float32"] = "uint8" if kind == "images" else "float32"
    return Artefact(kind=kind, shape=list(array.shape), dtype=dtype, data=data)


def _joined(earlier: Record, later: Record) -> Record:
    """Merge the records of two runs of the same cell by the same code."""
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
    samples = earlier.artefacts.get("samples")
    joined = joined.model_copy(update={"artefacts": {}})
    if samples is None:
        return joined
    raw = np.frombuffer(base64.b64decode(samples.data), samples.dtype).reshape(samples.shape)
    return _with(joined, samples.kind, raw)
