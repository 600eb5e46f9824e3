"""On a processor a seed's numbers are the same bits alone, in any batch and at any place in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.functional import pytree
from bench.learner.strategy import Conflict
from bench.training import compilation
from bench.training.train import Run, train
from tests.support.closed_form import evaluated
from tests.support.code_path import code_path

BATCH = tuple(range(10))


def assert_the_same(alone: Run, batch: Run) -> None:
    """Every state and every number of each of the first run's seeds is that of the second's."""
    for place, seed in enumerate(alone.seeds):
        for one, other in zip(pytree.leaves(alone.state), pytree.leaves(batch.state), strict=True):
            assert np.array_equal(one[place].numpy(), other[seed].numpy(), equal_nan=True)
        for few, many in zip(alone.curves, batch.curves, strict=True):
            assert str(few[place]) == str(many[seed])  # as text, for NaN is not NaN


def compare(cell: Cell, updates: int, *others: Sequence[int]) -> None:
    learner = evaluated(cell.learner(), evaluations=1)
    batch = train(learner, BATCH, updates=updates)
    for seeds in others:
        assert_the_same(train(learner, seeds, updates=updates), batch)


@pytest.mark.parametrize("code", ["recorded", "compiled"])
@pytest.mark.parametrize("task", ["ring8", "pendulum"])
def test_alone_or_in_a_batch(task: str, code: str) -> None:
    if code == "compiled" and compilation.compiler() is None:
        pytest.skip("there is no C++ compiler")
    others = [[7], [8, 2], [9, 4, 3, 2, 6]]
    if code == "compiled":  # which takes long for every size of batch: of four or of five
        others = others[2:] if task == "ring8" else others[1:2]
    with code_path(compiled=code == "compiled"):
        compare(Cell(task, "reference"), 60, *others)


def test_images_alone_or_in_a_batch() -> None:
    compare(Cell("digits", "reference", "batch_norm_split"), 10, [8, 2, 0])


def test_convolutions_alone_or_in_a_batch() -> None:
    compare(Cell("digits_info", "bare"), 10, [7], [8, 2], [9, 4, 3, 2, 6])


def test_the_choice_to_compile_does_not_depend_on_the_number_of_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the very number of calls from which ten seeds would be compiled, and one fewer."""
    recordings = {}

    def keep(recording: object, calls: int, seeds: int) -> bool:
        recordings[seeds] = recording
        return False

    with monkeypatch.context() as patch:
        patch.setattr(compilation, "pays", keep)
        for seeds in (4, 7, 10):
            train(evaluated(Cell("ring8", "reference").learner(), 1), range(seeds), updates=1)
    few, odd, ten = recordings[4], recordings[7], recordings[10]
    least = next(calls for calls in range(1, 10**6) if compilation.pays(ten, calls, 10))
    for calls, answer in ((least, True), (least - 1, False)):
        assert compilation.pays(few, calls, 4) is compilation.pays(odd, calls, 7) is answer


@pytest.mark.slow
@pytest.mark.skipif(compilation.compiler() is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("task", ["ring8", "pendulum"])
def test_compiled_code_of_any_size(task: str) -> None:
    with code_path(compiled=True):
        compare(Cell(task, "reference"), 60, [7], [8, 2], [9, 4, 3, 2, 6], [1, 5, 6, 0, 9, 8, 3])


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ring8", "pendulum"])
@pytest.mark.parametrize("strategy", registry.strategies())
def test_every_strategy_alone_or_in_a_batch(strategy: str, task: str) -> None:
    cell = Cell(task, "bare", strategy)
    try:
        cell.learner().blueprint  # noqa: B018  raises if it cannot be built
    except Conflict as error:
        pytest.skip(str(error))
    compare(cell, 30, [7], [8, 2])
