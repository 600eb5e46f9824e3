"""A whole training run with the placebo is the base's, bit for bit, on both kinds of task."""

import pytest

from bench.training.train import train
from tests.support.closed_form import build, evaluated, learner


@pytest.mark.parametrize("task", ["ring8", "lqr"])
def test_a_run_is_the_bases(task: str) -> None:
    runs = [
        train(evaluated(learner(task, *plan), 2), [0, 1], updates=30, library="gymnasium")
        for plan in ([], [build("placebo", task)])
    ]
    assert runs[0].curves == runs[1].curves
