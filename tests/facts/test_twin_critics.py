"""The target is the minimum of two independent heads, each of which regresses on it by itself."""

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def heads_by_hand(params: dict, x: torch.Tensor) -> torch.Tensor:
    """[B, 2]: both networks of the pendulum's critic, layer by layer."""
    outputs = []
    for head in (0, 1):
        h = x
        for layer in (0, 2, 4):
            weight, bias = (params[f"0/{head}/{layer}/{part}"] for part in ("weight", "bias"))
            h = h @ weight.T + bias
            h = h if layer == 4 else h.relu()
        outputs.append(h[:, 0])
    return torch.stack(outputs, dim=1)


def test_the_target_is_the_minimum_and_each_head_has_a_loss() -> None:
    what, key = learner("pendulum", build("twin_critics", "pendulum")), rng.seed_key(0)
    seen = experience(what.task, key)
    (state, _), info = run(what, 1, seen)
    critic, actor = state.players.critic, state.players.actor
    ahead = torch.cat([seen.next_obs, what.act(actor, seen.next_obs, key)], dim=1)
    target = seen.reward + seen.discount * heads_by_hand(critic, ahead).min(dim=1).values
    now = heads_by_hand(critic, torch.cat([seen.obs, seen.action], dim=1))
    assert not torch.allclose(now[:, 0], now[:, 1])  # they start apart
    wanted = (now - target[:, None]).square().mean(dim=0).sum()
    assert info.losses["critic"] == pytest.approx(float(wanted), rel=1e-10)


@pytest.mark.parametrize("judge", ["min", "mean"])
def test_the_actor_climbs_the_same_judgement(judge: str) -> None:
    what = learner("pendulum", build("twin_critics", "pendulum", judge=judge))
    seen = experience(what.task, rng.seed_key(0))
    (_, context), info = run(what, 1, seen)
    # The critic has moved already when the actor's loss is taken, the actor has not.
    actor = what.init(rng.seed_key(0)).players.actor
    query = torch.cat([seen.obs, what.act(actor, seen.obs, rng.seed_key(1))], dim=1)
    both = heads_by_hand(context.players.critic, query)
    judged = both.min(dim=1).values if judge == "min" else both.mean(dim=1)
    assert info.losses["actor"] == pytest.approx(-float(judged.mean()), rel=1e-10)
