"""Records with curves of their own, and where they lie, for tests of copies and canaries."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import diagnostics
from bench.records.json_file import rounded
from bench.records.record import Record, ScoreInfo
from bench.records.store import Found
from tests.support.factories import make_record

Curve = list[dict[str, Any]]


def found(
    text: str,
    curves: Sequence[Curve] | None = None,
    *,
    submission: str = "somebody",
    salt: str = "",
    seconds: float = 12.0,
    **provenance: Any,
) -> Found:
    """The record of a cell, with curves that depend on cell, seed and `salt`."""
    cell = Cell.parse(text)
    task = registry.task(cell.task)
    given = curves or [curve(text, seed, salt) for seed in range(3)]
    made = make_record(
        task=cell.task,
        domain=task.domain,
        base=cell.base,
        strategy=cell.strategy,
        contrast=cell.contrast,
        scores=[0.5] * len(given),
        seconds=seconds,
        settings=cell.settings(),
    )
    raw = made.model_dump() | {"score_info": ScoreInfo.of(task).model_dump()}
    for seed, points in zip(raw["seeds"], given, strict=True):
        seed["curve"] = points
    raw["provenance"] |= provenance
    path = Path("results", "2", submission, cell.task, f"{cell.name}.json")
    return Found(path, Record.model_validate(raw))


def curve(text: str, seed: int, salt: str = "") -> Curve:
    """A curve of random numbers; step 0 depends on task and seed alone."""
    task = registry.task(text.partition("/")[0])
    names = [metric.name for metric in (*task.metrics, *diagnostics(task))]
    steps = [task.steps(made) for made in task.eval_updates(task.updates)]
    start, rest = (
        np.random.default_rng(hash_of(*key))
        for key in ((task.name, str(seed)), (text, str(seed), salt))
    )
    return [
        {
            "step": step,
            "metrics": {
                name: rounded(float((rest if step else start).lognormal(sigma=0.5)))
                for name in names
            },
        }
        for step in steps
    ]


def hash_of(*parts: str) -> int:
    """A number that depends on texts alone."""
    return zlib.crc32("/".join(parts).encode())


def changed(points: Curve, change: Callable[[float], float]) -> Curve:
    """A curve with other numbers after step 0."""
    return [
        point
        if point["step"] == 0
        else {
            "step": point["step"],
            "metrics": {name: rounded(change(value)) for name, value in point["metrics"].items()},
        }
        for point in points
    ]


def turned(points: Curve) -> Curve:
    """A curve with its evaluations after step 0 in another order."""
    values = [point["metrics"] for point in points[1:]]
    steps = [point["step"] for point in points[1:]]
    return [
        points[0],
        *(
            {"step": step, "metrics": metrics}
            for step, metrics in zip(steps, [*values[1:], values[0]], strict=True)
        ),
    ]
