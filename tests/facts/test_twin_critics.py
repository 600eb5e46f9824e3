"""The target is the minimum of two independent heads, each of which regresses on it by itself."""

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.strategy import Strategy
from tests.support.closed_form import build, critic_loss, learner, run

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


@pytest.mark.parametrize("judge", ["min", "mean"])
@pytest.mark.parametrize("task", ["pendulum", "ring8"])
@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty", "dragan"])
def test_a_penalty_holds_every_head(penalty: str, task: str, judge: str) -> None:
    """What it adds is the sum over heads of what it adds to each head alone."""
    twins, made = build("twin_critics", task, judge=judge), build(penalty, task)
    what = learner(task, twins)
    seen = experience(what.task, rng.seed_key(1))
    both = what.init(rng.seed_key(0)).players.critic
    # One steep head, and one steeper: one-sided penalties are on slopes above 1.
    both = {
        k: (200.0 + 100.0 * float(k[2])) * leaf if "4/" in k else leaf for k, leaf in both.items()
    }

    def added(critic: Params, *strategies: Strategy) -> float:
        losses = [
            critic_loss(task, *strategies, *more, critic=critic, seen=seen) for more in ([made], [])
        ]
        return losses[0] - losses[1]

    alone = []
    for head in ("0/0/", "0/1/"):
        own = {k.removeprefix(head): leaf for k, leaf in both.items() if k.startswith(head)}
        alone.append(added(own))
    assert min(alone) > 0.01
    assert added(both, twins) == pytest.approx(sum(alone), rel=1e-8)
