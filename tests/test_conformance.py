"""The conformance table: every strategy x every task. No name of either appears here."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from bench import registry
from bench.conformance import (
    Examined,
    examined,
    order_does_not_matter,
    strategy_checks,
    task_checks,
)
from bench.game import Task
from bench.learner import Learner
from bench.strategy import Strategy, combine

pytestmark = pytest.mark.usefixtures("float64")

TASKS = registry.tasks()
STRATEGIES = registry.strategies()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("check", strategy_checks(), ids=lambda check: check.__name__)
def test_strategy(check: Callable[[Examined, Task], None], strategy: str, task: str) -> None:
    check(examined(STRATEGIES[strategy], TASKS[task]), TASKS[task])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("check", task_checks(), ids=lambda check: check.__name__)
def test_task(check: Callable[[Task], None], task: str) -> None:
    check(TASKS[task])


@pytest.mark.parametrize("task", [_ for _ in TASKS if TASKS[_].kinds or TASKS[_].obs_size])
def test_every_pair_is_a_set(task: str) -> None:
    built = [entry.build(TASKS[task]) for entry in STRATEGIES.values()]
    for one, other in combinations(built, 2):
        order_does_not_matter(one, other, TASKS[task])


def test_all_together_stay_finite() -> None:
    """Every lawful combination of all that exists, built up greedily, learns on every task."""
    from bench.conformance import rollout
    from bench.strategy import Conflict
    from bench.trees import leaves

    for task in TASKS.values():
        together: list[Strategy] = []
        for entry in STRATEGIES.values():
            candidate = [*together, entry.build(task)]
            try:
                combine(candidate)
            except Conflict:
                continue
            together = candidate
        final = rollout(Learner(task, combine(together)), [0])[-1]
        assert all(leaf.isfinite().all() for leaf in leaves(final)), task.name


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_file_is_complete(name: str) -> None:
    """Name, neutral setting, origin, formula, and a known fact in tests/facts/."""
    entry = STRATEGIES[name]
    task = next(iter(TASKS.values()))
    assert entry.build(task).name == name
    assert entry.module.NEUTRAL
    assert entry.home in {"gan", "rl", "both", "control"}
    assert entry.source
    assert "neutral" in (entry.factory.__doc__ or "") or entry.home == "control"
    assert (Path(__file__).parent / "facts" / f"test_{name}.py").is_file()
