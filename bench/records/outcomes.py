"""Computes the score of a curve, and its outcome: ok, diverged or collapsed."""

from __future__ import annotations

import math
from collections.abc import Collection

from bench.learner.task import Task, diagnostics
from bench.records.json_file import Number
from bench.records.record import Evaluation, ScoreInfo, Status


def summarise(evaluations: list[Evaluation], info: ScoreInfo, status: Status) -> dict[str, Number]:
    """Return the two endpoints of a curve, `score` and `area`, and its `last` and `best` score.

    `score` is the mean over the last `window` evaluations, and None if the run diverged or any of
    them is not finite; `area` is the mean of the normalised scores over all evaluations, and None
    if the run diverged or any is not finite. `last` is None if the run diverged, `best` if no
    evaluation is finite.
    """
    values = [point.metrics.get(info.metric) for point in evaluations]
    finite = [value for value in values if value is not None]
    choose = max if info.better == "higher" else min
    window = values[-info.window :]
    scored = status != "diverged" and all(value is not None for value in window)
    return {
        "score": math.fsum(v for v in window if v is not None) / len(window) if scored else None,
        "area": info.area(values) if status != "diverged" else None,
        "last": values[-1] if status != "diverged" else None,
        "best": choose(finite) if finite else None,
    }


FULL_SEEDS = 10
"""The first seeds, whose curves keep all metrics at all evaluations."""


def watched(task: Task) -> set[str]:
    """Return the metrics that are needed at every evaluation: of the score, and of the failure."""
    read = {task.failure.read} if task.failure else set()
    every = {metric.name for metric in (*task.metrics, *diagnostics(task))}
    return {task.metrics[0].name} | (read & every)


def kept(
    seed: int, evaluations: list[Evaluation], names: Collection[str], window: int
) -> list[Evaluation]:
    """Return what a record keeps of a seed's curve, so that a hundred seeds have room.

    Beyond the first seeds it has the metrics `names` alone, but at its last `window` evaluations.
    """
    if seed < FULL_SEEDS:
        return evaluations
    thin = [
        Evaluation(step=p.step, metrics={k: v for k, v in p.metrics.items() if k in names})
        for p in evaluations[:-window]
    ]
    return [*thin, *evaluations[-window:]]


def outcome(evaluations: list[Evaluation], info: ScoreInfo, bad_step: int | None) -> Status:
    """Return the outcome of a run, from its curve and its first step with a non-finite number.

    "diverged": a loss, a gradient or the score is not finite. "collapsed": an evaluation after step
    0 was at least half way from the task's low anchor to the high one, but the score is at most a
    tenth of the way. Everything else is "ok", however poor the score.
    """
    if bad_step is not None or evaluations[-1].metrics.get(info.metric) is None:
        return "diverged"
    score = summarise(evaluations, info, "ok")["score"]
    if score is None:
        return "diverged"
    # Without step 0, which is before training.
    learned = summarise(evaluations[1:], info, "ok")["best"] if len(evaluations) > 1 else None
    lost = learned is not None and info.normalised(learned) >= 0.5
    return "collapsed" if lost and info.normalised(score) <= 0.1 else "ok"
