"""The conformance table: every strategy x every task. No name of either appears here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.contribute.examine import representatives
from bench.contribute.strategy_checks import (
    Examined,
    examined,
    miniature,
    order_does_not_matter,
    rollout,
    strategy_checks,
)
from bench.contribute.task_checks import task_checks, untrained_scores_are_an_untrained_policys
from bench.experiment import registry
from bench.functional.layers import is_deep
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import Conflict, Strategy, combine
from bench.learner.task import Task

pytestmark = pytest.mark.usefixtures("float64", "made_up_data")

TASKS = registry.tasks()
STRATEGIES = registry.strategies()
BY_TIER = [
    pytest.param(name, marks=[pytest.mark.slow] if task.tier == "full" else [])
    for name, task in TASKS.items()
]


@pytest.mark.parametrize("task", BY_TIER)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("check", strategy_checks(), ids=lambda check: check.__name__)
def test_strategy(check: Callable[[Examined, Task], None], strategy: str, task: str) -> None:
    small = miniature(TASKS[task])
    check(examined(STRATEGIES[strategy], small), small)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("check", task_checks(), ids=lambda check: check.__name__)
def test_task(check: Callable[[Task], None], task: str) -> None:
    reason = TASKS[task].missing()
    if reason is not None and check is untrained_scores_are_an_untrained_policys:
        pytest.skip(reason)
    check(miniature(TASKS[task]))


@pytest.mark.parametrize("first", STRATEGIES)
def test_every_pair_is_a_set(first: str) -> None:
    """With all that come after it, on a task without and on one with an environment."""
    kinds = [miniature(TASKS[name]) for name in representatives()]
    rich = [k for k in kinds if is_deep(k.blueprint().critic.net) and k.action_size > 1]
    both = [next(k for k in rich if (k.environment is None) == alone) for alone in (True, False)]
    names = list(STRATEGIES)
    for second in names[names.index(first) + 1 :]:
        for task in both:
            one, other = (STRATEGIES[name].build(task) for name in (first, second))
            order_does_not_matter(one, other, task)


@pytest.mark.parametrize("task", BY_TIER)
def test_all_together_stay_finite(task: str) -> None:
    """A lawful combination of all that exists, built up greedily, learns."""
    small = miniature(TASKS[task])
    together: list[Strategy] = []
    for entry in STRATEGIES.values():
        candidate = [*together, examined(entry, small).active]
        try:
            combine(candidate)
        except Conflict:
            continue
        together = candidate
    final = rollout(Learner(small, combine(together)), [0])[-1]
    assert all(leaf.isfinite().all() for leaf in leaves(final))


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_file_is_complete(name: str) -> None:
    """Name, neutral setting, origin, formula, and a known fact in tests/facts/."""
    entry = STRATEGIES[name]
    task = next(iter(TASKS.values()))
    assert entry.build(task).name == name
    assert entry.module.NEUTRAL
    assert entry.home in {"gan", "rl", "both", "control"}
    assert entry.source
    for values in entry.search.values():
        assert len(values) > 1
    assert (
        entry.search
        or all(isinstance(value, bool) for value in entry.module.NEUTRAL.values())
        or entry.home == "control"
    )
    assert "neutral" in (entry.factory.__doc__ or "") or entry.home == "control"
    facts = Path(__file__).parents[1] / "facts"
    ours = Path(str(entry.module.__file__)).is_relative_to(facts.parents[1] / "strategies")
    assert not ours or (facts / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", TASKS)
def test_every_task_file_is_complete(name: str) -> None:
    """A score with a direction, anchors in its order, and where they come from."""
    task = TASKS[name]
    score, anchors = task.metrics[0], task.anchors
    assert score.better in {"higher", "lower"}
    assert (anchors.high > anchors.low) == (score.better == "higher")
    assert anchors.normalised(anchors.low) == pytest.approx(0.0)
    assert anchors.normalised(anchors.high) == pytest.approx(1.0)
    assert len(anchors.source) > 5
    assert (task.samples > 0) != (task.episodes > 0)
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)
