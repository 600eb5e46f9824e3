"""A GAN's losses see half the difference to the partner; a regression's target is centred."""

import pytest
import torch
from torch.nn.functional import softplus

from bench.functional import rng
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_losses_of_the_ring_by_hand() -> None:
    """mean softplus(-(q_data - q_own) / 2), twice for the critic: R3GAN's at temperature 2."""
    what = learner("ring8", build("relativistic", "ring8"))
    (start, moved), info = run(what, 1)
    key = rng.fold(rng.seed_key(0), start.players.step)
    task = what.task
    act = lambda obs, use: what.act(start.players.actor, obs, use)  # noqa: E731
    batch = task.fresh(act, key, torch.tensor(0), task.blank(0))

    def q(critic: object, action: torch.Tensor) -> torch.Tensor:
        return what.blueprint.critic.net.apply(critic, action)[:, 0]  # type: ignore[arg-type]

    own, data = q(start.players.critic, batch.action).split(task.batch_rows)
    assert float(info.losses["critic"]) == pytest.approx(
        float(2 * softplus(-(data - own) / 2).mean())
    )
    made = what.act(start.players.actor, task.actor_obs(batch), rng.fold(key, "actor"))
    own, data = (
        q(moved.players.critic, made),
        q(moved.players.critic, batch.action[task.batch_rows :]),
    )
    assert float(info.losses["actor"]) == pytest.approx(float(softplus(-(own - data) / 2).mean()))


def test_in_rl_only_differences_between_rows_are_learned() -> None:
    """A constant added to all rewards changes nothing."""
    from bench.contribute.strategy_checks import experience

    what = learner("lqr", build("relativistic", "lqr"))
    seen = experience(what.task, rng.seed_key(1))
    (_, one), _ = run(what, 1, seen)
    (_, other), _ = run(what, 1, seen._replace(reward=seen.reward + 7.0))
    for a, b in zip(one.players.critic.values(), other.players.critic.values(), strict=True):
        assert torch.allclose(a, b, atol=1e-9)
