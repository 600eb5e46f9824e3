"""On an accelerator: the compiled update as one CUDA graph. Skipped where there is none.

A TD3-shaped vector step is two steps of both critics and one of the actor, in all seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import torch

import bench.training.train
from bench.experiment import registry
from bench.training.train import train
from tests.benchmarks.ours import fashion, learner, median_seconds, pendulum, turns
from tests.support.code_path import code_path
from tests.support.trajectories import float64

TD3 = ("critic_steps", "replay", "target_network", "target_smoothing", "twin_critics")
Say = Callable[[str], None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


def test_td3_vector_steps(benchmark: Any, say: Say) -> None:
    """256x256, batch 256: 1,500 vector steps a second with 10 seeds, 64 in less than twice that."""
    what = learner(pendulum(256, 256, updates=1_000_000), *TD3)
    calls = {str(s): turns(what, s, "cuda") for s in (10, 64)}
    found = benchmark.pedantic(lambda: median_seconds(calls, 1000), rounds=1)
    rate, growth = 1 / found["10"], found["64"] / found["10"]
    say(f"TD3 on CUDA: {rate:,.0f} vector steps/s with 10 seeds; 64 seeds take {growth:.2f} times")
    assert rate >= 1500
    assert growth < 2


def test_a_convolutional_cell(benchmark: Any, say: Say) -> None:
    """Ten seeds of images of 28 x 28 against the same seeds one after another: at least 3x.

    The one seed is a batch of one, although training would fill it up to `MIN_SEED_BATCH`.
    """
    what = learner(fashion("cuda"))
    with mock.patch.object(bench.training.train, "MIN_SEED_BATCH", 1):
        calls = {str(s): turns(what, s, "cuda") for s in (1, 10)}
    found = benchmark.pedantic(lambda: median_seconds(calls, 200), rounds=1)
    gain = 10 * found["1"] / found["10"]
    say(f"28 x 28 GAN on CUDA: ten seeds at once {gain:.1f} times as fast as one after another")
    assert gain >= 3


@pytest.mark.parametrize("compile_it", [False, True])
@pytest.mark.parametrize("task", ["ring8", "lqr", "digits"])
def test_the_same_numbers_as_on_the_processor(task: str, compile_it: bool) -> None:
    """To rounding, after 30 updates: of the recording and of its machine code, as a CUDA graph.

    In float64: Adam divides a gradient by its own size, so that in float32 the rounding of a
    gradient near 0 becomes a whole step.
    """
    what = learner(registry.task(task), "replay")
    with float64(), code_path(compiled=compile_it):
        here, there = (train(what, [0, 1], updates=30, device=d) for d in ("cpu", "cuda"))
    assert there.compiled == compile_it
    for name, value in here.actor.items():
        assert there.actor[name] == pytest.approx(value, rel=1e-6, abs=1e-7)
