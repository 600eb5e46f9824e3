"""A reset draws players from their initial distribution, on schedule; in a GAN not the actor."""

import math
from dataclasses import replace

import pytest
import torch
from scipy import stats

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from tests.support.closed_form import build, run

pytestmark = pytest.mark.usefixtures("float64")


def short(updates: int, name: str = "ring8", **settings: object) -> Learner:
    task = type("Short", (type(registry.task(name)),), {"updates": updates})()
    return Learner(task, combine([build("resets", name, **settings)]))


def test_on_schedule_and_the_actor_is_left() -> None:
    """Two resets in twelve updates: after the third and the sixth, and not in the second half."""
    states, _ = run(short(12, count=2), 12)
    jumps = []
    for number in range(1, 13):
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


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize(("task", "reset"), [("ring8", ["critic"]), ("lqr", ["critic", "actor"])])
def test_who_is_reset_and_that_the_last_time_is_half_way(
    task: str, reset: list[str], count: int
) -> None:
    what = short(8, task, count=count)
    states, _ = run(what, 8, experience(what.task, rng.seed_key(1)))
    for player in ("critic", "actor"):
        counts = [float(state.players.opts[player]["count"]) for state in states]
        new = [number for number in range(1, 9) if counts[number] == 0]
        assert new == (list(range(4 // count, 5, 4 // count)) if player in reset else [])


def test_both_players_if_asked() -> None:
    states, _ = run(short(2, count=1, both=True), 1)
    assert float(states[1].players.opts["actor"]["count"]) == 0
    plain, _ = run(short(2, count=1), 1)
    name = next(iter(states[0].players.actor))
    assert (plain[1].players.actor[name] - plain[0].players.actor[name]).abs().max() < 0.01
    assert (states[1].players.actor[name] - states[0].players.actor[name]).abs().max() > 0.1


def test_on_one_player_it_is_that_ones() -> None:
    """In a GAN too, where the actor is otherwise left."""
    made = short(2, count=1)
    states, _ = run(replace(made, plan=combine([build("resets@actor", "ring8", count=1)])), 1)
    assert float(states[1].players.opts["actor"]["count"]) == 0
    assert float(states[1].players.opts["critic"]["count"]) == 1
