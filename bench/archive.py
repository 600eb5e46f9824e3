"""Puts what trials bring home into records: the only writer of records, in the driver's process."""

from __future__ import annotations

import base64
import math
from contextlib import suppress
from typing import Literal

import numpy as np

from bench import actors, record, registry
from bench.cells import Job, alike, valid
from bench.faults import Faults
from bench.game import Task
from bench.record import Artefact, Attempt, CorruptRecord, Record
from bench.trial import Made


def keep(job: Job, made: Made, attempts: list[Attempt]) -> Record:
    """Write the job's record, joined with the seeds that it already has.

    `attempts` are those that gave nothing; they stand with each new seed. Raises `OSError` if the
    record cannot be written; the one before it is then still there.
    """
    seeds = [seed.model_copy(update={"attempts": attempts}) for seed in made.record.seeds]
    new = made.record.model_copy(update={"seeds": seeds})
    try:
        earlier = valid(job.path, job.spec)
    except CorruptRecord:  # broken since the job was planned
        record.set_aside(job.path)
        earlier = None
    if earlier is not None and alike(earlier.provenance, new.provenance):
        new = _joined(earlier, new)
    first = made.record.seeds[0].seed
    if first == new.seeds[0].seed and made.samples is not None:
        new = _with_samples(new, registry.task(job.cell.task), made.samples)
    faults = Faults(job.label)
    faults.writing()
    record.write(job.path, new)
    faults.written(job.path)
    if first == new.seeds[0].seed:
        with suppress(OSError):  # a convenience, and the record is safe
            actors.keep(job.path, made.actor)
    return new


def _with_samples(made: Record, task: Task, samples: np.ndarray) -> Record:
    """The record with samples of its first seed: 500 points, or the images it has room for."""
    if not np.isfinite(samples).all():
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
