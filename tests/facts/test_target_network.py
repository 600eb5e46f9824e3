"""The copies follow by Polyak averaging, and the critic's target is built from them."""

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import ravel, unravel
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_copies_are_polyak_averages() -> None:
    seen = experience(registry.task("lqr"), rng.seed_key(1))
    states, _ = run(learner("lqr", build("target_network", "lqr", tau=0.3)), 4, seen)
    copy = ravel(states[0].players.critic)
    for state in states[1:]:
        copy = 0.7 * copy + 0.3 * ravel(state.players.critic)
    assert torch.allclose(states[-1].memories["target_network"]["critic"], copy, atol=1e-12)


def test_the_target_is_built_from_the_copies() -> None:
    """With copies that never move, the loss is the residual against the initial networks."""
    task = registry.task("lqr")
    seen = experience(task, rng.seed_key(1))
    what = learner("lqr", build("target_network", "lqr", tau=0.0))
    states, info = run(what, 3, seen)
    first, last = states[0].players, states[-2].players
    actor, critic = what.blueprint.actor.net, what.blueprint.critic.net
    action = actor.apply(first.actor, seen.next_obs)
    value = critic.apply(first.critic, torch.cat([seen.next_obs, action], dim=1))[:, 0]
    target = seen.reward + seen.discount * value
    q = critic.apply(last.critic, torch.cat([seen.obs, seen.action], dim=1))[:, 0]
    assert torch.allclose(info.losses["critic"], (q - target).square().mean(), rtol=1e-9)


def test_it_is_inert_without_a_discount_and_says_why() -> None:
    for name, task in registry.tasks().items():
        reason = build("target_network", name).inert(task)
        assert (reason is not None) == (task.discount == 0), name


def test_ravel_and_unravel_are_inverse() -> None:
    params = learner("pendulum").init(rng.seed_key(0)).players.actor
    back = unravel(ravel(params), params)
    assert all(torch.equal(params[name], back[name]) for name in params)
