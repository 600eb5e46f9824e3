"""What a curve comes to: the score, and whether the run diverged or collapsed."""

from __future__ import annotations

import math

from bench.records.json_file import Number
from bench.records.record import Evaluation, ScoreInfo, Status


def summarise(points: list[Evaluation], info: ScoreInfo, status: Status) -> dict[str, Number]:
    """`score`, `last` and `best` of a curve, all None for a run without a finite score.

    `score` is the mean over the last `window` points, and None if the run diverged or any of them
    is not finite.
    """
    values = [point.metrics.get(info.metric) for point in points]
    finite = [value for value in values if value is not None]
    choose = max if info.better == "higher" else min
    window = values[-info.window :]
    scored = status != "diverged" and all(value is not None for value in window)
    return {
        "score": math.fsum(v for v in window if v is not None) / len(window) if scored else None,
        "last": values[-1] if status != "diverged" else None,
        "best": choose(finite) if finite else None,
    }


def outcome(points: list[Evaluation], info: ScoreInfo, bad_step: int | None) -> Status:
    """How a run ended, from its curve and its first step with a number that is not finite.

    "diverged": a loss, a gradient or the last score is not finite. "collapsed": it had once come
    half the way from the task's low anchor to the high one, and ended within a tenth of the low
    one or below. Everything else is "ok", however poor the score.
    """
    if bad_step is not None or points[-1].metrics.get(info.metric) is None:
        return "diverged"
    score = summarise(points, info, "ok")["score"]
    if score is None:
        return "diverged"
    # What it was born with, at step 0, it has not come to.
    learned = summarise(points[1:], info, "ok")["best"] if len(points) > 1 else None
    lost = learned is not None and info.normalised(learned) >= 0.5
    return "collapsed" if lost and info.normalised(score) <= 0.1 else "ok"
