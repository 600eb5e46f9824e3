"""PopArt: the paper's steps on the normalised problem, and outputs that keep their meaning."""

from itertools import pairwise
from typing import Any

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.functional.optim import SGD
from bench.functional.pytree import Params, tmap
from bench.learner.state import LearnerState
from bench.learner.strategy import Strategy
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")

LAST = ("4/weight", "4/bias")
"""Of a critic with two hidden layers."""


def scaled(state: LearnerState, scale: float) -> LearnerState:
    """The state with this scale of the critic's targets."""
    own = {**state.players.opts["critic"], "scale": torch.tensor(scale)}
    opts = {**state.players.opts, "critic": own}
    return tmap(torch.clone, state._replace(players=state.players._replace(opts=opts)))


def test_no_output_changes_with_the_scale() -> None:
    """Of the critic, nor of the target network's copy, from which its targets come."""
    both = [build(name, "pendulum") for name in ("target_scaling", "target_network")]
    what, key = learner("pendulum", *both), rng.seed_key(0)
    seen = experience(what.task, key)
    states, _ = run(what, 3, seen)
    before = states[-1]
    moved = scaled(before, 30.0)
    assert float(before.players.opts["critic"]["scale"]) != pytest.approx(30.0, rel=0.5)
    says = [what.says(s, "critic", seen.obs, seen.action) for s in (before, moved)]
    assert torch.equal(*says)
    values = [what.state_value(s, seen.obs, key) for s in (before, moved)]
    assert torch.equal(*values)
    losses = [
        what.update(tmap(torch.clone, state), seen, key)[1].losses["critic"]
        for state in (before, moved)
    ]
    assert torch.equal(*losses)
    copies = [s.memories["target_network"]["critic"] for s in (before, moved)]
    assert torch.equal(*copies)


def by_gradient_descent(lr: float) -> Strategy:
    """All players by SGD instead of the task's Adam."""
    return Strategy(
        name="ttur", roles=("critic", "actor"), optimizers=lambda value, player, task: SGD(lr)
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_explicit_form_of_the_paper(optimizer: str, decay: float) -> None:
    """q = scale * net, with the last layer divided by the scale and rewritten when it moves.

    The loss is of q / scale and y / scale, that is, the squared error over scale^2.
    """
    made = build("target_scaling", "pendulum", decay=decay)
    descent = [by_gradient_descent(0.05)] if optimizer == "sgd" else []
    what = learner("pendulum", made, *descent)
    seen = experience(what.task, rng.seed_key(1))
    seen = seen._replace(reward=20.0 * seen.reward)
    states, _ = run(what, 6, seen)
    pair = torch.cat([seen.obs, seen.action], dim=1)
    # The networks without target scaling: normalised parameters go through them.
    net, actor_net = (getattr(learner("pendulum").blueprint, p).net for p in ("critic", "actor"))
    weights = {k: v.clone().requires_grad_() for k, v in states[0].players.critic.items()}
    step: Any = torch.optim.SGD(weights.values(), lr=0.05)
    if optimizer == "adam":
        step = torch.optim.Adam(weights.values(), lr=1e-3)

    def targets(critic: Params, scale: float, actor: Params) -> torch.Tensor:
        ahead = torch.cat([seen.next_obs, actor_net.apply(actor, seen.next_obs)], dim=1)
        return seen.reward + seen.discount * scale * net.apply(critic, ahead)[:, 0]

    scale, mean, square, scales = 1.0, 0.0, 0.0, set()
    for t, (before, after) in enumerate(pairwise(states), start=1):
        with torch.no_grad():
            y = targets(weights, scale, before.players.actor)
        step.zero_grad()
        (net.apply(weights, pair)[:, 0] - y / scale).square().mean().backward()
        step.step()
        with torch.no_grad():
            y = targets(weights, scale, after.players.actor)
            mean = decay * mean + (1 - decay) * float(y.mean())
            square = decay * square + (1 - decay) * float(y.square().mean())
            known = 1 - decay**t
            new = (square / known - (mean / known) ** 2) ** 0.5
            for name in LAST:
                weights[name].mul_(scale / new)
            scale = new
        scales.add(round(scale, 3))
        assert float(after.players.opts["critic"]["scale"]) == pytest.approx(scale, rel=1e-8)
        for name, leaf in weights.items():
            whole = scale * leaf if name in LAST else leaf
            assert torch.allclose(after.players.critic[name], whole.detach(), rtol=1e-7)
    assert min(scales) > 3.0
    assert len(scales) > 1


def test_every_head_and_every_layout_has_a_last_layer() -> None:
    from bench.strategies.target_scaling import last_layers

    heads = [*("0/0/4/weight", "0/0/4/bias"), *("0/1/4/weight", "0/1/4/bias")]
    for others, wanted in (
        ([], list(LAST)),
        (["twin_critics"], heads),
        (["packing"], ["0/4/weight", "0/4/bias"]),
        (["batch_norm_joint"], ["7/weight", "7/bias"]),
        (["layer_norm", "dropout"], ["6/weight", "6/bias"]),
        (["weight_norm"], ["4/weight", "4/bias", "4/gain"]),
    ):
        what = learner("pendulum", *(build(name, "pendulum") for name in others))
        assert last_layers(what.init(rng.seed_key(0)).players.critic) == set(wanted)


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_in_a_gan_the_scale_is_a_half(decay: float) -> None:
    """Targets are 0 and 1: their deviation is 1/2, unbiased from the first update on."""
    states, _ = run(learner("ring8", build("target_scaling", "ring8", decay=decay)), 4)
    scales = [float(state.players.opts["critic"]["scale"]) for state in states]
    assert scales == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.5])


def test_in_rl_the_bootstrap_counts() -> None:
    """y = reward + discount * q(next), q by both players as they have just moved."""
    what = learner("lqr", build("target_scaling", "lqr", decay=0.0))
    seen = experience(what.task, rng.seed_key(4))
    (_, state), _ = run(what, 1, seen)
    actor, critic = (getattr(state.players, player) for player in ("actor", "critic"))
    action = what.blueprint.actor.net.apply(actor, seen.next_obs)
    ahead = what.blueprint.critic.net.apply(critic, torch.cat([seen.next_obs, action], dim=1))[:, 0]
    target = seen.reward + seen.discount * ahead
    assert (seen.discount * ahead).abs().max() > 1e-3
    found = state.players.opts["critic"]["scale"]
    assert float(found) == pytest.approx(float(target.std(correction=0)))


def test_neutral_at_a_decay_of_1() -> None:
    ends = []
    for strategies in ((), (build("target_scaling", "lqr", decay=1.0),)):
        what = learner("lqr", *strategies)
        states, _ = run(what, 3, experience(what.task, rng.seed_key(4)))
        ends.append(states[-1].players)
    assert ends[0].opts.keys() == ends[1].opts.keys()
    for player in ("actor", "critic"):
        own = [end.params[player] for end in ends]
        assert all(torch.equal(own[0][name], own[1][name]) for name in own[0])
