"""What each strategy costs: its update against the bare one, ten seeds, measured in turns.

    python -m pytest tests/benchmarks/test_strategy_cost.py -m timing --benchmark-enable \\
        --keep-costs bench/experiment/assets/costs.json

makes the file behind the leaderboard's cost column and the run's predictions again (20 minutes).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from bench.experiment import registry
from bench.learner.strategy import Conflict
from bench.learner.task import Task
from tests.benchmarks.ours import learner, median_seconds, small_images, turns

TASKS = {"images": 20, "pendulum": 200, "ring8": 60}  # one of each kind -> rounds
SEEDS = 10
OFTEN = 10**9  # calls: whatever can be compiled pays, so that both sides are compiled or neither
pytestmark = pytest.mark.slow


def measured(name: str) -> Task:
    return small_images() if name == "images" else registry.task(name)


@cache
def bare(task: str) -> Callable[[], None]:
    return turns(learner(measured(task)), SEEDS, calls=OFTEN)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("strategy", registry.strategies())
def test_cost(
    benchmark: Any, keep_cost: Callable[[str, str, float], None], strategy: str, task: str
) -> None:
    what = learner(measured(task), strategy)
    try:
        what.blueprint  # noqa: B018  raises if the combination is unlawful
    except Conflict as conflict:
        pytest.skip(str(conflict))
    calls = {"bare": bare(task), "with": turns(what, SEEDS, calls=OFTEN)}
    found = benchmark.pedantic(lambda: median_seconds(calls, TASKS[task]), rounds=1)
    relative = found["with"] / found["bare"]
    benchmark.extra_info.update(relative=relative, bare_ms=1e3 * found["bare"])
    keep_cost(strategy, task, relative)
    assert relative > 0.5, "a strategy that halves the work has lost some of it"
