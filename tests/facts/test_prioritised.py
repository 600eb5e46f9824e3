"""Draws follow p^alpha / sum p^alpha, and weights undo them."""

from typing import Any

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.learner import Learner
from bench.learner.problem import CriticQuery
from bench.learner.replay import ReplayBuffer
from bench.learner.strategy import StartContext, Strategy, combine
from bench.learner.task import Task
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")

PRIORITY = torch.tensor([1.0, 4.0, 0.5, 2.0, 8.0, 0.25])


def started(made: Strategy, task: Task, key: torch.Tensor) -> Any:
    """Its first memory."""
    players = Learner(task, combine([])).init(key).players
    assert made.init_memory is not None
    return made.init_memory(StartContext(task, made.mine(task), players, key))


def memory(task: str, capacity: int = 10) -> object:
    made = build("prioritised", task, capacity=capacity)
    empty = started(made, registry.task(task), rng.seed_key(0))
    rows = empty.buffer.rows._replace(reward=torch.arange(float(capacity)))
    priority = torch.nn.functional.pad(PRIORITY, (0, capacity - 6))
    return empty._replace(buffer=ReplayBuffer(rows, torch.tensor(6)), priority=priority)


@pytest.mark.parametrize("alpha", [0.3, 0.6, 1.0])
def test_draws_follow_the_stated_distribution(alpha: float) -> None:
    """Chi-squared of six rows over 60 updates' draws; 20.5 is the 99.9 % quantile of 5."""
    task = registry.task("lqr")
    made, filled = build("prioritised", "lqr", alpha=alpha, capacity=10), memory("lqr")
    counts = torch.zeros(10)
    for update in range(60):
        inside = {"task": task, "memory": filled, "key": rng.fold(rng.seed_key(1), update)}
        fresh = task.blank(4)._replace(reward=torch.full((4,), 9.0))
        context = type("Context", (), {**inside, "batch": fresh})()
        counts += torch.bincount(made.batch(fresh, context).reward.long(), minlength=10)
    assert (counts[6:] == 0).all()
    chance = PRIORITY**alpha / (PRIORITY**alpha).sum()
    expected = counts.sum() * chance
    assert ((counts[:6] - expected).square() / expected).sum() < 20.5


def test_weights_undo_the_draws() -> None:
    """(N P)^-beta over its largest; at the end of the run beta is 1."""
    task = registry.task("lqr")
    made, filled = build("prioritised", "lqr", capacity=10), memory("lqr")
    chance = PRIORITY**0.6 / (PRIORITY**0.6).sum()
    for step, beta in ((0, 0.4), (task.updates, 1.0)):
        players = type("TrainState", (), {"step": torch.tensor(step)})()
        inside = {"task": task, "memory": filled, "key": rng.seed_key(1), "players": players}
        inside["rules"] = task.rules("critic")
        fresh = task.blank(4)
        context = type("Context", (), {**inside, "batch": fresh})()
        batch = made.batch(fresh, context)
        context.batch = batch
        query = CriticQuery("critic", batch.obs, batch.action, batch.reward, batch.reward.mean())
        weight = made.critic_query(query, context).weight
        drawn = (6 * chance[batch.reward.long()]) ** -beta
        assert torch.allclose(weight, drawn / drawn.max())


def test_new_rows_get_the_largest_priority_and_drawn_ones_their_error() -> None:
    what = learner("lqr", build("prioritised", "lqr", capacity=50))
    seen = what.task.blank(4)._replace(reward=torch.full((4,), 30.0))
    states, _ = run(what, 3, seen)
    first, second, third = (s.memories["prioritised"].priority for s in states[1:])
    assert first[:4].tolist() == [1.0] * 4
    assert (first[4:] == 0).all()
    # All of the four old rows have been drawn by now: 64 draws miss one with chance 1e-8.
    assert (second[:4] > 20.0).all()
    assert second[4:8].tolist() == [float(second[:4].max())] * 4
    assert third[8:12].tolist() == [float(third[:8].max())] * 4


def test_priorities_are_errors_with_the_bootstrap() -> None:
    """|reward + discount * q(next) - q|, by both players as they have just moved."""
    from bench.contribute.strategy_checks import experience

    what = learner("lqr", build("prioritised", "lqr", capacity=50))
    seen = experience(what.task, rng.seed_key(4))
    states, _ = run(what, 2, seen)
    players, net = states[-1].players, what.blueprint.critic.net

    def q(obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        return net.apply(players.critic, torch.cat([obs, action], dim=1))[:, 0]

    ahead = q(seen.next_obs, what.blueprint.actor.net.apply(players.actor, seen.next_obs))
    error = (seen.reward + seen.discount * ahead - q(seen.obs, seen.action)).abs() + 1e-6
    assert torch.allclose(states[-1].memories["prioritised"].priority[:4], error)


def test_a_gans_data_stay_fresh_and_unweighted() -> None:
    task, key = registry.task("ring8"), rng.seed_key(0)
    made, what = build("prioritised", "ring8", capacity=200), learner("ring8")
    actor = what.init(key).players.actor
    fresh = task.fresh(lambda obs, use: what.act(actor, obs, use), key, key * 0, task.blank(0))
    empty = started(made, task, key)
    rows = empty.buffer.rows._replace(action=empty.buffer.rows.action - 99.0)
    filled = empty._replace(
        buffer=ReplayBuffer(rows, torch.tensor(200)), priority=1.0 + torch.arange(200.0)
    )
    players = type("TrainState", (), {"step": torch.tensor(0)})()
    inside = {"task": task, "memory": filled, "key": key, "players": players, "batch": fresh}
    context = type("Context", (), {**inside, "rules": task.rules("critic")})()
    batch = made.batch(fresh, context)
    assert torch.equal(batch.action[64:], fresh.action[64:])
    assert torch.equal(batch.action[:32], fresh.action[:32])
    assert (batch.action[32:64] == -99.0).all()
    context.batch = batch
    query = CriticQuery("critic", batch.obs, batch.action, batch.reward, torch.tensor(0.5))
    weight = made.critic_query(query, context).weight
    assert torch.equal(weight[:32], torch.ones(32))
    assert torch.equal(weight[64:], torch.ones(64))
    assert weight[32:64].max() == 1.0
    assert weight[32:64].min() < 0.95


def test_without_a_preference_all_written_rows_are_alike() -> None:
    task = registry.task("lqr")
    made, filled = build("prioritised", "lqr", alpha=0.0, capacity=10), memory("lqr")
    context = type("Context", (), {"task": task, "memory": filled, "key": rng.seed_key(1)})()
    context.batch = task.blank(4)
    drawn = made.batch(task.blank(4), context).reward
    assert sorted(set(drawn.tolist())) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
