"""The scale is the targets' running root mean square, and multiplies the critic's outputs."""

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_in_a_gan_it_becomes_a_temperature() -> None:
    """Targets are 0 and 1: square <- decay * square + (1 - decay) / 2, which ends at 1/2."""
    states, _ = run(learner("ring8", build("target_scaling", "ring8", decay=0.5)), 12)
    for number, state in enumerate(states):
        expected = 0.5 + 0.5 * 0.5**number
        assert float(state.memories["target_scaling"]["critic"]) == pytest.approx(expected)


def test_outputs_are_multiplied() -> None:
    what, plain = learner("ring8", build("target_scaling", "ring8")), learner("ring8")
    key = rng.seed_key(0)
    state = what.init(key)
    rows = rng.normal(key, (5, 2))
    scaled = state._replace(memories={"target_scaling": {"critic": torch.tensor(9.0)}})
    one = plain.says(plain.init(key), "critic", rows[:, :0], rows)
    assert torch.allclose(what.says(state, "critic", rows[:, :0], rows), one)
    assert torch.allclose(what.says(scaled, "critic", rows[:, :0], rows), 3.0 * one)


def test_in_rl_the_bootstrap_counts() -> None:
    """y = reward + discount * q(next), q by both players as they have just moved."""
    what = learner("lqr", build("target_scaling", "lqr", decay=0.0))
    seen = experience(what.task, rng.seed_key(4))
    (_, state), _ = run(what, 1, seen)
    actor, critic = (getattr(state.players, player) for player in ("actor", "critic"))
    action = what.blueprint.actor.net.apply(actor, seen.next_obs)
    net = learner("lqr").blueprint.critic.net  # at the first update the scale is 1
    ahead = net.apply(critic, torch.cat([seen.next_obs, action], dim=1))[:, 0]
    target = seen.reward + seen.discount * ahead
    assert (seen.discount * ahead).abs().max() > 1e-3
    found = state.memories["target_scaling"]["critic"]
    assert float(found) == pytest.approx(float(target.square().mean()))
