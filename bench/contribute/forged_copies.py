"""Forgeries by copying: curves of another seed, cell or submission, whole, jittered, in part."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path

from bench.contribute.forgery import (
    Forgery,
    Raw,
    consistent,
    edit,
    jittered,
    points,
    scaled,
    summarised,
)
from bench.records.json_file import rounded

R1 = "ring8/bare+r1"


def _best_twice(raw: Raw, rng: random.Random, share: float = 0.0) -> None:
    """The best curve in place of the worst, behind the worst one's step 0."""
    best = min(raw["seeds"], key=lambda seed: seed["score"])
    worst = max(raw["seeds"], key=lambda seed: seed["score"])
    worst["curve"] = [worst["curve"][0], *copy.deepcopy(best["curve"][1:])]
    if share:
        jittered({"seeds": [worst]}, rng, share)


def _one_number_off(raw: Raw, rng: random.Random, factor: float) -> None:
    """The best curve twice, jittered a little, and one loss that is quite another one."""
    _best_twice(raw, rng, 0.0005)
    worst = max(raw["seeds"], key=lambda seed: seed["score"])
    metrics = worst["curve"][4]["metrics"]
    metrics["critic_loss"] = rounded(metrics["critic_loss"] * factor)


def _scores_alone(raw: Raw, rng: random.Random) -> None:
    """The best seed's scores bit for bit, beside other losses."""
    _best_twice(raw, rng)
    worst = max(raw["seeds"], key=lambda seed: seed["score"])
    for metrics in points({"seeds": [worst]}):
        for name in metrics:
            if name.endswith(("_loss", "_grad_norm")):
                metrics[name] = rounded((metrics[name] or 0.0) * rng.uniform(0.8, 1.2))


def _invented_seed(raw: Raw, rng: random.Random) -> None:
    """One seed is invented, and the others are those that are merged."""
    seeds = raw["seeds"]
    raw["seeds"] = [max(seeds, key=lambda seed: seed["score"])]
    scaled(0.5, 0.8)(raw, rng)
    raw["seeds"] = seeds


def _half_scores(raw: Raw, _: random.Random) -> None:
    for metrics in points(raw):
        metrics["fid"] = rounded((metrics["fid"] or 0.0) * 0.5)


def _turned(raw: Raw, rng: random.Random) -> None:
    """The best curve in place of the worst, with its evaluations in another order."""
    _best_twice(raw, rng)
    curve = max(raw["seeds"], key=lambda seed: seed["score"])["curve"]
    values = [point["metrics"] for point in curve[1:]]
    for point, metrics in zip(curve[1:], [*values[1:], values[0]], strict=True):
        point["metrics"] = metrics


def _from(source: str, share: float = 0.0, better: float = 1.0) -> Callable[..., None]:
    """The curves of another cell, for the cell of R1."""

    def plant(folder: Path, rng: random.Random) -> None:
        other = json.loads((folder / f"{source}.json").read_text(encoding="utf-8"))

        def change(raw: Raw) -> None:
            raw["seeds"] = copy.deepcopy(other["seeds"])
            if share:
                jittered(raw, rng, share)
            for metrics in points(raw):
                metrics["fid"] = rounded((metrics["fid"] or 0.0) * better)
            summarised(raw)

        edit(folder / f"{R1}.json", change)

    return plant


def _sent_again(folder: Path, _: random.Random) -> None:
    """What is merged as `demo`, under another name."""

    def change(raw: Raw) -> None:
        raw["seconds"] = {phase: round(spent - 0.01, 3) for phase, spent in raw["seconds"].items()}

    for path in folder.rglob("*.json"):
        edit(path, change)


OF_COPIES = {
    "the base's curves": _from("ring8/bare"),
    "another strategy's curves": _from("ring8/bare+low_beta1+r1"),
    "another strategy's curves, jittered": _from("ring8/bare+low_beta1+r1", share=0.004),
    "the base's curves with a better score": _from("ring8/bare", better=0.5),
    "another's submission under a new name": _sent_again,
    "the best curve twice": consistent(_best_twice),
    "the best curve twice, jittered": consistent(lambda raw, rng: _best_twice(raw, rng, 0.004)),
    "the best curve twice, in another order": consistent(_turned),
    "the best curve twice, and one loss moved": consistent(
        lambda raw, rng: _one_number_off(raw, rng, 1.02)
    ),
    "the best curve twice, and one loss gone": consistent(
        lambda raw, rng: _one_number_off(raw, rng, 0.0)
    ),
    "the best scores twice": consistent(_scores_alone),
    "one invented seed among merged ones": consistent(_invented_seed),
    "other scores among merged numbers": consistent(_half_scores),
    "a worse base among merged numbers": consistent(
        lambda raw, _: [m.update(fid=rounded((m["fid"] or 0.0) * 2.0)) for m in points(raw)],
        "ring8/bare",
    ),
}

COPIES = (
    *(Forgery("copies", what, plant) for what, plant in OF_COPIES.items()),
    Forgery(
        "copies",
        "another strategy's curves, changed by 10 %",
        _from("ring8/bare+low_beta1+r1", share=0.1),
        rerun=True,
    ),
)
