"""What strategies cost: the time of their updates relative to the bare learner's.

The numbers are measurements, made by `tests/benchmarks/test_strategy_cost.py` on one task of each
kind and kept in `bench/experiment/assets/costs.json` with the hardware and the date of each strategy.
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

KINDS = {"ring8": "GAN in the plane", "digits": "GAN on images", "pendulum": "RL"}
"""The tasks that were measured, and what they stand for."""

SHARE = {"ring8": 0.85, "digits": 0.85, "pendulum": 0.3}
"""How much of a bare cell's time is spent in updates; the rest costs the same for every strategy.
In RL environments, evaluation and one compilation take most of it."""


@cache
def measured() -> dict[str, Any]:
    """The file: `costs` (strategy -> task -> times the bare update) and `conditions`.

    The latter are by strategy: `cpu`, `torch`, `date`, and the number of `seeds`.
    """
    return json.loads(FILE.read_text(encoding="utf-8"))


def conditions() -> str:
    """Where, with what and when strategies were measured, each such set once."""
    made = measured()["conditions"].values()
    each = {(m["date"], f"{m['cpu']}, PyTorch {m['torch']}, {m['date']}") for m in made}
    return "; ".join(text for _, text in sorted(each))


def of(strategy: str) -> dict[str, float] | None:
    """One strategy's relative costs by measured task, or None if it was never measured.

    A task is left out where the strategy cannot be applied.
    """
    return measured()["costs"].get(strategy)


def stand_in(task: Task) -> str:
    """The measured task that is most like this one."""
    if task.image_shape is not None:
        return "digits"
    return "ring8" if task.environment is None else "pendulum"


def cell(strategies: Iterable[str], task: Task) -> float:
    """The expected time of a cell relative to the bare one's; what was never measured counts 1."""
    like = stand_in(task)
    relative = math.prod((of(name) or {}).get(like, 1.0) for name in strategies)
    return 1.0 + SHARE[like] * (relative - 1.0)
