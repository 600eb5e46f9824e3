"""What values a task's metrics can have at all.

A task's module, or its family's, declares `RANGES`: metric -> (least, most), where a bound is a
number, a function of the task, or None, and "whole" may follow. It is no part of the hash of cells.
Without a declaration a share or a probability lies between 0 and 1, and what is better when it is
lower is 0 or more.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping
from typing import Any

from bench.learner.task import Metric, Task, diagnostics
from bench.records.record import Record, SeedResult
from bench.submissions.problem import Problem

Range = tuple[float, float]

ROUNDING = 1e-5
"""How far beyond a bound float32 may land, relative to the bound or to 1."""

PHASES = ("trace", "compile", "update", "evaluation", "environment")
"""Of `seconds`; see `bench.training.train`."""
FASTEST = 1e-6
"""Seconds that an update takes at least, of all seeds together."""
SLOWEST = 7 * 24 * 3600.0
"""Seconds that a seed takes at most: a week."""


def ranges(task: Task) -> dict[str, Range]:
    """Return metric -> (least, most) of all that a task reports."""
    found = {metric.name: _usual(metric) for metric in (*task.metrics, *diagnostics(task))}
    for kind in reversed(type(task).__mro__):
        declared = getattr(sys.modules[kind.__module__], "RANGES", {})
        for name in declared.keys() & found.keys():
            least, most = (_bound(bound, task) for bound in declared[name][:2])
            found[name] = (
                -math.inf if least is None else least,
                math.inf if most is None else most,
            )
    return found


def whole(task: Task) -> frozenset[str]:
    """Return the metrics that are whole numbers."""
    return frozenset(
        name
        for kind in type(task).__mro__
        for name, declared in getattr(sys.modules[kind.__module__], "RANGES", {}).items()
        if declared[2:] == ("whole",)
    )


def _bound(bound: Any, task: Task) -> float | None:
    return bound(task) if callable(bound) else bound


def _usual(metric: Metric) -> Range:
    if metric.unit.startswith(("share", "P(")):
        return 0.0, 1.0
    if metric.better == "lower" or metric.name.endswith("_grad_norm"):
        return 0.0, math.inf
    return -math.inf, math.inf


def problems(record: Record, task: Task, file: str) -> list[Problem]:
    """Problems of values that no run of the task has, and of times that none takes."""
    allowed, counts = ranges(task), whole(task)
    found = [text for result in record.seeds if (text := _outside(result, allowed, counts))]
    return [Problem(file, "range", text) for text in (*found, *_times(record, task))]


def _outside(result: SeedResult, allowed: Mapping[str, Range], counts: Collection[str]) -> str:
    """The first value of a seed that is not possible; "" if there is none."""
    for point in result.curve:
        for name, value in point.metrics.items():
            least, most = allowed.get(name, (-math.inf, math.inf))
            if value is not None and not within_range(value, least, most):
                where = f"seed {result.seed}, step {point.step}"
                return f"{where}: {name} is {value:g}, but lies within {least:g} and {most:g}"
            if name in counts and value is not None and not value.is_integer():
                return f"seed {result.seed}, step {point.step}: {name} is {value:g}, no count"
    return ""


def within_range(value: float, least: float, most: float) -> bool:
    """Whether a value lies within two bounds, or as far beyond one as rounding goes."""
    finite = [abs(bound) for bound in (least, most) if math.isfinite(bound)]
    slack = ROUNDING * max([1.0, *finite])
    return least - slack <= value <= most + slack


def _times(record: Record, task: Task) -> list[str]:
    unknown = sorted(record.seconds.keys() - {*PHASES})
    spent, seeds = math.fsum(record.seconds.values()), record.seconds_seeds
    least = FASTEST * (record.updates or task.updates)
    found = []
    if unknown:
        found.append(f"seconds of unknown phases: {', '.join(unknown[:3])}")
    if record.seconds.get("update", 0.0) < least:
        found.append(f"{record.updates or task.updates} updates take no time")
    if spent > SLOWEST * seeds:
        found.append(f"{spent:g} seconds for {seeds} seeds: more than a week for each")
    if not len(record.seeds) <= seeds <= 10 * len(record.seeds):
        found.append(f"seconds of {seeds} seeds, but it has {len(record.seeds)}")
    return found
