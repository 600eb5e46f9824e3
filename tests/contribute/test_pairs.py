"""Pairs of strategies, and all that go together. No name of either appears here.

All pairs are checked as plans every day, and a sample of them learns; all of them do when slow.
"""

from itertools import combinations

import pytest

from bench.contribute.examine import representatives
from bench.contribute.strategy_checks import (
    examined,
    miniature,
    order_does_not_matter,
    pair_learns,
    rollout,
)
from bench.experiment import registry
from bench.functional.layers import is_deep
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import Conflict, Strategy, combine
from bench.learner.task import Task
from tests.support.sample import sample

pytestmark = pytest.mark.usefixtures("float64", "made_up_data")

TASKS = {name: miniature(task) for name, task in registry.tasks().items()}
STRATEGIES = registry.strategies()
KINDS = representatives()
PAIRS = list(combinations(STRATEGIES, 2))
A_DAY = 60
"""How many pairs learn every day, of more than a thousand."""


def rich_tasks() -> list[Task]:
    """One with everything that strategies can act on but an environment, and one with that too."""
    kinds = [TASKS[name] for name in KINDS]
    rich = [k for k in kinds if is_deep(k.blueprint().critic.net) and k.action_size > 1]
    return [next(k for k in rich if (k.environment is None) == alone) for alone in (True, False)]


@pytest.mark.parametrize("first", STRATEGIES)
def test_every_pair_is_a_set(first: str) -> None:
    """With all that come after it, as plans, on both tasks."""
    for task in rich_tasks():
        built = {name: entry.build(task) for name, entry in STRATEGIES.items()}
        for one, other in PAIRS:
            if one == first:
                order_does_not_matter(built[one], built[other], task)


@pytest.mark.parametrize("pair", sample(PAIRS, A_DAY, "pairs"), ids="+".join)
def test_a_pair_learns(pair: tuple[str, str]) -> None:
    for task in rich_tasks():
        pair_learns(*(STRATEGIES[name].build(task) for name in pair), task)


@pytest.mark.slow
@pytest.mark.parametrize("first", STRATEGIES)
def test_every_pair_learns(first: str) -> None:
    """With all that come after it."""
    for task in rich_tasks():
        for pair in PAIRS:
            if pair[0] == first:
                pair_learns(*(STRATEGIES[name].build(task) for name in pair), task)


@pytest.mark.parametrize(
    "task", [pytest.param(t, marks=[] if t in KINDS else [pytest.mark.slow]) for t in TASKS]
)
def test_all_together_stay_finite(task: str) -> None:
    """A lawful combination of all that exists, built up greedily, learns."""
    together: list[Strategy] = []
    for entry in STRATEGIES.values():
        candidate = [*together, examined(entry, TASKS[task]).active]
        try:
            combine(candidate)
        except Conflict:
            continue
        together = candidate
    final = rollout(Learner(TASKS[task], combine(together)), [0])[-1]
    assert all(leaf.isfinite().all() for leaf in leaves(final))
