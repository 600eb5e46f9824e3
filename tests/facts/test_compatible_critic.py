"""dq/da = J(s) w whatever the action, and q = V where the actor's own action is taken."""

import math

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.strategy import ForwardContext
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("task", ["pendulum", "lqr", "reacher"])
def test_the_slope_is_the_actors_jacobian_times_w(task: str) -> None:
    made = build("compatible_critic", task)
    what = learner(task, made)
    state = what.init(rng.seed_key(0))
    actor, task = state.players.actor, what.task
    w = {name: rng.normal(rng.seed_key(5), tuple(leaf.shape)) for name, leaf in actor.items()}
    critic = {**state.players.critic, **{f"0/w/{name}": leaf for name, leaf in w.items()}}
    used = made.forward_params(
        critic, ForwardContext("critic", state.memories["compatible_critic"], None)
    )
    net = what.blueprint.critic.net
    obs = rng.normal(rng.seed_key(1), (1, task.obs_size))
    jacobian = torch.func.jacrev(lambda p: what.blueprint.actor.net.apply(p, obs)[0])(actor)
    expected = sum((jacobian[name].flatten(1) @ w[name].flatten()) for name in w)
    for seed in (2, 3):
        action = rng.normal(rng.seed_key(seed), (1, task.action_size))
        q = lambda a: net.apply(used, torch.cat([obs, a], dim=1)).sum()  # noqa: E731
        assert torch.allclose(torch.func.grad(q)(action)[0], expected)
    mine = what.blueprint.actor.net.apply(actor, obs)
    value = net.apply(used, torch.cat([obs, mine], dim=1))
    still = made.forward_params(state.players.critic, ForwardContext("critic", actor, None))
    assert torch.allclose(value, net.apply(still, torch.cat([obs, mine], dim=1)))


@pytest.mark.parametrize(("task", "bound"), [("lqr", 1.0), ("dirac", math.inf)])
def test_q_is_v_at_the_action_that_is_taken(task: str, bound: float) -> None:
    """Where actions are clipped to [-1, 1], that is the clipped mean, though mu be 3."""
    made = build("compatible_critic", task)
    what = learner(task, made)
    state = what.init(rng.seed_key(0))
    actor = {name: torch.full_like(leaf, 3.0) for name, leaf in state.players.actor.items()}
    w = {f"0/w/{name}": torch.full_like(leaf, 0.7) for name, leaf in actor.items()}
    still = state.players.critic
    context = ForwardContext("critic", actor, None)
    obs = torch.tensor([[1.0, 0.0]])[:, : what.task.obs_size]
    mu = what.blueprint.actor.net.apply(actor, obs)
    assert torch.equal(mu, torch.tensor([[3.0]]))

    def q(critic: Params, action: torch.Tensor) -> torch.Tensor:
        pair = torch.cat([obs, action], dim=1)
        return what.blueprint.critic.net.apply(made.forward_params(critic, context), pair)

    taken = mu.clamp(-bound, bound)
    value = q(still, taken)  # w = 0: V alone, at any action
    assert torch.equal(q({**still, **w}, taken), value)
    assert torch.equal(q(still, taken - 0.5), value)
    assert not torch.allclose(q({**still, **w}, taken - 0.5), value)


def test_not_applicable_to_an_actor_with_noise() -> None:
    for task in ("ring8", "digits"):
        reason = build("compatible_critic", task).inert(registry.task(task))
        assert reason is not None
        assert "noise" in reason
    for task in ("pendulum", "dirac"):
        assert build("compatible_critic", task).inert(registry.task(task)) is None


def test_mu_is_the_actor_as_it_is_now() -> None:
    from bench.contribute.strategy_checks import experience

    what = learner("lqr", build("compatible_critic", "lqr"))
    states, _ = run(what, 3, experience(what.task, rng.seed_key(1)))
    for state in states:
        for name, leaf in state.players.actor.items():
            assert torch.equal(state.memories["compatible_critic"][name], leaf)
    first, last = (next(iter(s.players.actor.values())) for s in (states[0], states[-1]))
    assert not torch.equal(first, last)
