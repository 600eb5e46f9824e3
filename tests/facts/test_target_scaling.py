"""The scale is the targets' running root mean square, and multiplies the critic's outputs."""

import math

import pytest
import torch

from bench import rng
from tests.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_in_a_gan_it_becomes_a_temperature() -> None:
    """Targets are 0 and 1: square <- decay * square + (1 - decay) / 2, which ends at 1/2."""
    states, _ = run(learner("ring8", build("target_scaling", "ring8", decay=0.5)), 12)
    for number, state in enumerate(states):
        expected = 0.5 + 0.5 * 0.5**number
        assert float(state.slots["target_scaling"]) == pytest.approx(expected)


def test_outputs_are_multiplied() -> None:
    what, plain = learner("ring8", build("target_scaling", "ring8")), learner("ring8")
    key = rng.seed_key(0)
    state = what.init(key)
    rows = rng.normal(key, (5, 2))
    scaled = state._replace(slots={"target_scaling": torch.tensor(9.0)})
    one = plain.assess(plain.init(key), rows[:, :0], rows)
    assert torch.allclose(what.assess(state, rows[:, :0], rows), one)
    assert torch.allclose(what.assess(scaled, rows[:, :0], rows), 3.0 * one)


def test_in_rl_the_bootstrap_counts() -> None:
    """With a reward of 10 that never ends the targets grow from 10 towards 10 / (1 - 0.9)."""
    what = learner("lqr", build("target_scaling", "lqr", decay=0.0))
    seen = what.game.blank(4)._replace(reward=torch.full((4,), 10.0))
    (_, state), _ = run(what, 1, seen)
    assert math.sqrt(float(state.slots["target_scaling"])) == pytest.approx(10.0, rel=0.05)
