"""Costs of strategies: the time of their updates relative to the bare learner's.

The numbers are measurements, made by `tests/benchmarks/test_strategy_cost.py` on one task of each
kind and kept in `bench/experiment/assets/costs.json` with each strategy's hardware and date.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from bench.learner.task import Task

FILE = Path(__file__).parent / "assets" / "costs.json"

KINDS = {"ring8": "GAN of dense networks", "images": "GAN of convolutions", "pendulum": "RL"}
"""What costs were measured on -> the kind of task that it stands for.

"images" are digits of 8 x 8 pixels with the small DCGANs of `bench.tasks.family.images`."""

SHARE = {"ring8": 0.85, "images": 0.85, "pendulum": 0.3}
"""The share of a bare cell's time that is spent in updates; the rest costs the same for every
strategy. In RL, the environments, evaluation and one compilation take most of the time."""


@cache
def measured() -> dict[str, Any]:
    """Return the content of the file: `costs` and `conditions`.

    `costs`: strategy -> task -> time of an update relative to the bare learner's. `conditions`:
    strategy -> `cpu`, `torch`, `date`, and the number of `seeds`.
    """
    return json.loads(FILE.read_text(encoding="utf-8"))


def conditions() -> str:
    """Return processor, PyTorch version and date of the measurements, each combination once."""
    made = measured()["conditions"].values()
    each = {(m["date"], f"{m['cpu']}, PyTorch {m['torch']}, {m['date']}") for m in made}
    return "; ".join(text for _, text in sorted(each))


def of(strategy: str) -> dict[str, float] | None:
    """Return task -> relative cost of one strategy, or None if it was never measured.

    Tasks on which the strategy cannot be used are missing. On one player it counts as on all.
    """
    return measured()["costs"].get(strategy.partition("@")[0])


def stand_in(task: Task) -> str:
    """Return what was measured of the kind of this task."""
    if task.image_shape is not None and not task.compiled:
        return "images"
    return "ring8" if task.environment is None else "pendulum"


def cell(strategies: Iterable[str], task: Task) -> float:
    """Return the expected time of a cell relative to the bare one; unmeasured strategies cost 1."""
    like = stand_in(task)
    relative = math.prod((of(name) or {}).get(like, 1.0) for name in strategies)
    return 1.0 + SHARE[like] * (relative - 1.0)
