"""Recorded and compiled updates of trained pairs: the numbers of eager ones.

Pairs of strategies are drawn anew every week, on a task of every kind; no name of either appears
here, but in the table of pairs that once went wrong.
"""

from itertools import combinations, product
from typing import Any

import pytest

from bench.contribute.examine import representatives
from bench.contribute.strategy_checks import miniature
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.functional import pytree
from bench.learner.learner import Learner
from bench.learner.state import LearnerState
from bench.learner.strategy import Conflict, combine
from bench.training.train import train
from tests.support.closed_form import evaluated
from tests.support.code_path import code_path
from tests.support.sample import sample
from tests.training.test_compilation import needs_compiler

pytestmark = pytest.mark.usefixtures("float64", "made_up_data")

PAIRS = list(combinations(registry.strategies(), 2))
KINDS = representatives()
UPDATES = 6


class Eager:
    """In place of a recording: the function itself."""

    def __init__(self, function: Any, *example: Any) -> None:
        self._function, self._structure = function, pytree.flatten(example)[1]

    def flat(self, leaves: list[Any]) -> list[Any]:
        made = self._function(*pytree.unflatten(leaves, self._structure))
        return [leaf.detach() for leaf in pytree.leaves(made)]


def trained(learner: Learner, how: str) -> LearnerState:
    """The state of two seeds after some updates, made in one of three ways."""
    with pytest.MonkeyPatch.context() as patch, code_path(compiled=how == "compiled"):
        if how == "eager":
            patch.setattr("bench.training.train.trace", Eager)
        run = train(evaluated(learner, 1), [0, 3], updates=UPDATES, library="gymnasium")
    assert run.compiled == (how == "compiled")
    return run.state


def of_pairs(task_name: str, count: int, what: str) -> list[tuple[str, Learner]]:
    """Learners of this week's pairs on a small version of a task: those that go together."""
    task, found = miniature(registry.task(task_name)), []
    for pair in sample(PAIRS, 4 * count, f"{what} {task_name}"):
        try:
            together = combine(registry.strategy(name).build(task) for name in pair)
        except Conflict:
            continue
        found.append(("+".join(pair), Learner(task, together)))
    return found[:count]


def assert_same(learner: Learner, how: str, what: str) -> None:
    """To 1e-8, which is far above rounding in float64 and far below any step."""
    ours, theirs = trained(learner, how), trained(learner, "eager")
    for one, other in zip(pytree.leaves(ours), pytree.leaves(theirs), strict=True):
        assert one.shape == other.shape, what
        worst = (one.double() - other.double()).abs() / (1.0 + other.double().abs())
        assert not (worst > 1e-8).any(), f"{what}: {worst.max()}"


@pytest.mark.parametrize(
    "cell",
    [
        f"{task}/bare+{pair}"
        for task, pair in product(
            ["dirac", "bilinear", "twist"],
            [
                *("consensus+spectral_norm", "dragan+spectral_norm", "lecam+spectral_norm"),
                *("gradient_penalty+spectral_norm", "r1+spectral_norm", "r2+spectral_norm"),
            ],
        )
    ],
)
def test_pairs_that_once_went_wrong(cell: str) -> None:
    """Two equal values were merged, and PyTorch's own code reshaped each of them in place."""
    assert_same(Cell.parse(cell).learner(), "recorded", cell)


@pytest.mark.parametrize("task", KINDS)
def test_recorded_updates_are_the_eager_ones(task: str) -> None:
    for name, learner in of_pairs(task, 1, "recorded"):
        assert_same(learner, "recorded", name)


@needs_compiler
@pytest.mark.parametrize("task", sample(KINDS, 2, "compiled tasks"))
def test_compiled_updates_are_the_eager_ones(task: str) -> None:
    for name, learner in of_pairs(task, 1, "compiled"):
        assert_same(learner, "compiled", name)


@pytest.mark.slow
@pytest.mark.parametrize("task", KINDS)
def test_many_recorded_updates_are_the_eager_ones(task: str) -> None:
    for name, learner in of_pairs(task, 40, "recorded when slow"):
        assert_same(learner, "recorded", name)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("task", KINDS)
def test_many_compiled_updates_are_the_eager_ones(task: str) -> None:
    for name, learner in of_pairs(task, 3, "compiled when slow"):
        assert_same(learner, "compiled", name)
