"""Converges on the bilinear game at sqrt(1 - h^2 + h^4) per step, where plain gradients cannot."""

import numpy as np
import pytest
import torch

from bench.functional import rng
from tests.support.closed_form import STEP, build, learner, run, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def test_rate_on_the_bilinear_game() -> None:
    matrix = update_matrix(learner("bilinear", build("extragradient", "bilinear")))
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    assert radius == pytest.approx(np.sqrt(1 - STEP**2 + STEP**4), abs=1e-6)


def test_a_run_shrinks_at_that_rate() -> None:
    states, _ = run(learner("bilinear", build("extragradient", "bilinear")), 200)
    norms = [
        np.hypot(float(s.players.actor["0/value"]), float(s.players.critic["0/weight"]))
        for s in states
    ]
    rate = (norms[-1] / norms[0]) ** (1 / 200)
    assert rate == pytest.approx(np.sqrt(1 - STEP**2 + STEP**4), abs=1e-6)


def test_two_half_steps_by_hand_with_adam() -> None:
    """ExtraAdam (Gidel et al., 2019, algorithm 4): moments advance in both half-steps."""
    from torch.func import grad

    what = learner("ring8", build("extragradient", "ring8"))
    states, _ = run(what, 1)
    players, key = states[0].players, rng.fold(rng.seed_key(0), states[0].players.step)
    task, player = what.task, what.blueprint.critic

    def loss(critic: dict, actor: dict):  # type: ignore[no-untyped-def, type-arg]
        act = lambda obs, use: what.act(actor, obs, use)  # noqa: E731
        batch = task.fresh(act, key, torch.tensor(0), task.blank(0))
        q = player.net.apply(critic, batch.action)[:, 0]
        return task.critic_loss(q, batch.reward).mean()

    def actor_loss(actor: dict, critic: dict):  # type: ignore[no-untyped-def, type-arg]
        act = what.act(actor, task.blank(64).obs, rng.fold(key, "actor"))
        return task.actor_loss(player.net.apply(critic, act)[:, 0]).mean()

    step = player.optimizer.update
    ahead, opt = step(
        players.critic,
        grad(loss)(players.critic, players.actor),
        players.opts["critic"],
    )
    ahead_actor, _ = step(
        players.actor,
        grad(actor_loss)(players.actor, players.critic),
        players.opts["actor"],
    )
    wanted, _ = step(players.critic, grad(loss)(ahead, ahead_actor), opt)
    for name, value in wanted.items():
        assert np.allclose(states[1].players.critic[name], value, atol=1e-12)
