"""What the bases do on every counted task: endpoints, its failure mode, plateau and cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from bench.experiment import registry
from bench.learner.task import FailureMode, Task, moved
from bench.records.record import Evaluation, Record
from bench.report.cells import Key, TaskView
from bench.report.stats import Floats

BARE, REFERENCE = Key("bare", "", ""), Key("reference", "", "")


def bases_table(views: Iterable[TaskView]) -> pd.DataFrame:
    """One row per task that declares a failure mode, of its records of the two bases.

    `final_*` and `area_*` are medians over seeds of the normalised endpoints, `shows_*` of the
    number that shows the failure mode (`shown`: whether the bare learner's does); `moved` is how
    far the reference's median score moves over the last fifth of the budget, `spread` the standard
    deviation of its final scores; `seconds` are those of ten seeds of the reference, and
    `evaluation` is the share of them spent in evaluations. NaN without a record.
    """
    rows = []
    for view in views:
        task = registry.tasks().get(view.name)
        if task is None or task.failure is None:
            continue
        failure = task.failure
        row: dict[str, Any] = {"task": view.name, "domain": view.domain}
        row |= {"failure": failure.kind, "metric": failure.metric, "bound": bound(failure)}
        for key in (BARE, REFERENCE):
            record = view.cells[key].record if key in view.cells else None
            row |= {f"{name}_{key.base}": value for name, value in _ends(task, record).items()}
        shown = row["shows_bare"]
        row["shown"] = "" if math.isnan(shown) else "yes" if failure.shown(shown) else "no"
        row |= _course(task, view.cells[REFERENCE].record if REFERENCE in view.cells else None)
        rows.append(row)
    return pd.DataFrame(rows)


def bound(failure: FailureMode) -> str:
    """From where on a number shows the failure: "at least 0.9"."""
    return f"{'at least' if failure.beyond == 'above' else 'at most'} {failure.bound:,g}"


def _ends(task: Task, record: Record | None) -> dict[str, float]:
    """Medians over seeds, failed ones as the worst, of endpoints and of the failure's number."""
    if record is None or task.failure is None:
        return dict.fromkeys(("final", "area", "shows"), math.nan)
    curves = normalised(record)
    shows = [
        task.failure.measured(
            [_shown(task.failure.read, point) for point in seed.curve],
            curve.tolist(),
            task.window,
        )
        for seed, curve in zip(record.seeds, curves, strict=True)
    ]
    finals = [
        -math.inf if s.score is None else record.score_info.normalised(s.score)
        for s in record.seeds
    ]
    areas = [-math.inf if s.area is None else s.area for s in record.seeds]
    found = {"final": finals, "area": areas, "shows": shows}
    return {name: float(np.median(values)) for name, values in found.items()}


def _shown(metric: str, point: Evaluation) -> dict[str, float]:
    """The metric at one evaluation; NaN where it is missing, as in records of another making."""
    value = point.metrics.get(metric)
    return {metric: math.nan if value is None else value}


def normalised(record: Record) -> Floats:
    """The normalised scores [seed, evaluation]; NaN where there is none."""
    info = record.score_info
    return np.array(
        [
            [
                math.nan if score is None else info.normalised(score)
                for score in (point.metrics.get(info.metric) for point in seed.curve)
            ]
            for seed in record.seeds
        ]
    )


def _course(task: Task, record: Record | None) -> dict[str, object]:
    """Where the reference's budget ends, and what it costs."""
    if record is None:
        return dict.fromkeys(("moved", "spread", "seconds", "evaluation"), math.nan)
    curves, seconds = normalised(record), sum(record.seconds.values())
    window = task.window
    return {
        "moved": moved(np.median(curves, axis=0).tolist()),
        "spread": float(np.std(curves[:, -window:].mean(axis=1), ddof=1))
        if len(curves) > 1
        else math.nan,
        "seconds": 10.0 * seconds / record.seconds_seeds,
        "evaluation": record.seconds.get("evaluation", 0.0) / seconds,
    }
