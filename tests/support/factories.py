"""Small valid records for the tests of statistics and reports."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.records.record import Record, ScoreInfo

SPEC = "0123456789abcdef"
PROVENANCE = {
    "suite": "0.1.0",
    "commit": "0" * 40,
    "dirty": False,
    "spec": SPEC,
    "versions": {"torch": "2.15.0", "gymnasium": "1.4.0"},
    "device": "cpu",
    "cpu": "a processor",
    "threads": 1,
    "dtype": "float32",
}


def make_record(
    *,
    task: str = "ring8",
    domain: str = "gan",
    base: str = "bare",
    strategy: str | None = None,
    contrast: str | None = None,
    scores: Sequence[float | None] = (0.1, 0.2, 0.3),
    statuses: Sequence[str] | None = None,
    better: str = "lower",
    seeds: Sequence[int] | None = None,
    points: int = 6,
    seconds: float = 12.0,
    anchors: dict[str, Any] | None = None,
    **changes: Any,
) -> Record:
    """A record whose seeds end at `scores`, None: diverged half-way; with areas if anchored."""
    seeds = list(range(len(scores))) if seeds is None else list(seeds)
    statuses = statuses or ["diverged" if score is None else "ok" for score in scores]
    contrast = contrast or ("base" if strategy is None else "added")
    rival = changes.get("instead_of")
    if rival:
        contrast, sign = "in place of", f"-{rival}+"
    else:
        sign = {"base": "", "added": "+", "removed": "-"}[contrast]
    results = [
        {
            "seed": seed,
            "status": status,
            "score": score,
            "last": score,
            "best": score,
            "first_bad_step": 50 if score is None else None,
            "curve": make_curve(score, points, better),
        }
        for seed, score, status in zip(seeds, scores, statuses, strict=True)
    ]
    raw: dict[str, Any] = {
        "task": task,
        "domain": domain,
        "base": base,
        "strategy": strategy,
        "contrast": contrast,
        "cell": base + sign + (strategy or ""),
        "settings": {strategy: {}} if strategy else {},
        "score_info": make_score(better) | {"anchors": anchors},
        "planned_seeds": seeds,
        "seeds": results,
        "seconds": {"update": seconds, "evaluate": 0.25 * seconds},
        "seconds_seeds": len(seeds),
        "provenance": PROVENANCE
        | {"environment": None if domain == "gan" else "Pendulum-v1 (gymnasium)"},
    }
    raw |= changes
    info = ScoreInfo.model_validate(raw["score_info"])
    for result in results:
        result["area"] = info.area([point["metrics"][info.metric] for point in result["curve"]])
    return Record.model_validate(raw)


def make_score(better: str) -> dict[str, Any]:
    """A distance of a GAN, or a return."""
    lower = better == "lower"
    return {
        "metric": "fid" if lower else "return",
        "unit": "squared distance" if lower else "reward per episode",
        "better": better,
        "window": 3,
        "step_unit": "update" if lower else "environment step",
    }


def make_curve(score: float | None, points: int, better: str) -> list[dict[str, Any]]:
    """From 4 (or -1,300) down or up to the score; nothing from half-way on after a divergence."""
    start = 4.0 if better == "lower" else -1300.0
    metric = "fid" if better == "lower" else "return"
    curve = []
    for index in range(points):
        share = index / max(1, points - 1)
        alive = score is not None or share < 0.5
        value = start + (1.0 - (1.0 - share) ** 3) * (
            (score if score is not None else start) - start
        )
        curve.append(
            {"step": 100 * index, "metrics": {metric: value if alive else None, "modes": 4.0}}
        )
    return curve


def artefact(array: np.ndarray, kind: str) -> dict[str, Any]:
    """An array as a record carries it."""
    return {
        "kind": kind,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def normal_scores(label: str, mean: float, spread: float, n: int) -> list[float]:
    """n scores that depend on the label alone."""
    rng = np.random.default_rng(list(label.encode()))
    return (mean + spread * rng.standard_normal(n)).tolist()


def make_grid(
    effects: dict[str, tuple[float, float]], *, n: int = 10, anchored: bool = False
) -> list[Record]:
    """Two GAN and two RL tasks with a bare base, every strategy, and both controls.

    `effects` gives each strategy's shift of the score in the GAN and in the RL domain, in standard
    deviations over seeds; positive is better. The range of the anchors is 30 of them.
    """
    records = []
    for task, domain in (("ring8", "gan"), ("digits", "gan"), ("lqr", "rl"), ("pendulum", "rl")):
        better = "lower" if domain == "gan" else "higher"
        mean, spread, sign = (1.0, 0.1, -1.0) if domain == "gan" else (-300.0, 40.0, 1.0)
        ground = normal_scores(task, mean, spread, n)
        place: dict[str, Any] = {"task": task, "domain": domain, "better": better}
        if anchored:
            low, high = mean - 25.0 * sign * spread, mean + 5.0 * sign * spread
            place["anchors"] = {"low": low, "high": high, "log": False}
        records.append(make_record(scores=ground, **place))
        records.append(make_record(scores=ground, strategy="placebo", **place))
        harm = [score - sign * 12.0 * spread for score in ground]
        records.append(make_record(scores=harm, strategy="harmful", **place))
        for name, shifts in effects.items():
            shift = sign * spread * shifts[domain == "rl"]
            scores = normal_scores(task + name, mean + shift, spread, n)
            records.append(make_record(scores=scores, strategy=name, **place))
    return records
