"""A reset draws the critic from its initial distribution, on schedule, and leaves the actor."""

import math

import pytest
import torch
from scipy import stats

from bench.experiment import registry
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from tests.support.closed_form import build, run

pytestmark = pytest.mark.usefixtures("float64")


def short(updates: int, **settings: object) -> Learner:
    task = type("Short", (type(registry.task("ring8")),), {"updates": updates})()
    return Learner(task, combine([build("resets", "ring8", **settings)]))


def test_on_schedule_and_the_actor_is_left() -> None:
    """Two resets in nine updates: after the third and the sixth, not after the last."""
    states, _ = run(short(9, count=2), 9)
    jumps = []
    for number in range(1, 10):
        before, context = states[number - 1].players, states[number].players
        far = max(
            float((a - b).abs().max())
            for a, b in zip(leaves(before.critic), leaves(context.critic), strict=True)
        )
        near = max(
            float((a - b).abs().max())
            for a, b in zip(leaves(before.actor), leaves(context.actor), strict=True)
        )
        assert near < 0.01
        assert (float(context.opts["critic"]["count"]) == 0) == (far > 0.01)
        if far > 0.01:
            jumps.append(number)
    assert jumps == [3, 6]


def test_the_initial_distribution_drawn_anew() -> None:
    states, _ = run(short(2, count=1), 1)
    for name, leaf in states[1].players.critic.items():
        weight = states[1].players.critic[name.split("/")[0] + "/weight"]
        bound = 1 / math.sqrt(weight[0].numel())
        assert leaf.abs().max() <= bound
        assert not torch.equal(leaf, states[0].players.critic[name])
        if leaf.numel() > 300:
            assert stats.kstest(leaf.flatten().numpy() / bound, "uniform", (-1, 2)).pvalue > 1e-3


def test_both_players_if_asked() -> None:
    states, _ = run(short(2, count=1, both=True), 1)
    assert float(states[1].players.opts["actor"]["count"]) == 0
    plain, _ = run(short(2, count=1), 1)
    name = next(iter(states[0].players.actor))
    assert (plain[1].players.actor[name] - plain[0].players.actor[name]).abs().max() < 0.01
    assert (states[1].players.actor[name] - states[0].players.actor[name]).abs().max() > 0.1
