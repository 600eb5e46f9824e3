"""Penalties and spectral norms equal what torch's own networks and gradients give.

The other strategies that torch has too are held against it in their own files (`weight_decay`,
`weight_norm`, `batch_norm_joint`) and in `tests/functional/test_optim.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.contexts import LossContext
from bench.learner.strategy import ForwardContext, PostUpdateContext, StartContext
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")

KEY = rng.seed_key(3)


def context() -> LossContext:
    """The critic's of `ring8` before its first update, with weights three times as large."""
    what = learner("ring8")
    state = what.init(KEY)
    large = {name: 3.0 * leaf for name, leaf in state.players.critic.items()}
    players = state.players.with_params({"critic": large})
    batch = what._fresh(state, players, what.task.blank(0), KEY)
    return LossContext(
        task=what.task,
        mine=("critic",),
        memory=None,
        key=KEY,
        forward=what._forward(state, KEY),
        players=players,
        player="critic",
        rows=batch,
        batch=batch,
    )


def theirs(params: Params) -> torch.nn.Sequential:
    """The same critic as torch would write it."""
    layers: list[torch.nn.Module] = []
    for place in (0, 2, 4):
        weight, bias = params[f"{place}/weight"], params[f"{place}/bias"]
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def r1(net: torch.nn.Module, data: Tensor, own: Tensor) -> Tensor:
    """Mescheder et al., 2018, with gamma 1: half of the mean squared norm, at real samples."""
    at = data.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(at).sum(), at, create_graph=True)
    return 0.5 * slope.pow(2).sum(1).mean()


def r2(net: torch.nn.Module, data: Tensor, own: Tensor) -> Tensor:
    """The same at generated samples."""
    return r1(net, own, data)


def gradient_penalty(net: torch.nn.Module, data: Tensor, own: Tensor) -> Tensor:
    """Gulrajani et al., 2017, with weight 0.1, between real and generated samples."""
    mix = rng.uniform(rng.fold(KEY, "mix"), (len(data), 1))
    at = torch.lerp(data, own, mix).requires_grad_()
    (slope,) = torch.autograd.grad(net(at).sum(), at, create_graph=True)
    return 0.1 * (slope.norm(2, dim=1) - 1).pow(2).mean()


@pytest.mark.parametrize("formula", [r1, r2, gradient_penalty])
def test_a_penalty_and_its_gradient(formula: Callable[..., Tensor]) -> None:
    made = build(formula.__name__, "ring8")
    mine, params = context(), context().players.critic

    def penalty(critic: Params) -> Tensor:
        assert made.penalty is not None
        return made.penalty(replace(mine, players=mine.players.with_params({"critic": critic})))

    grads, value = torch.func.grad_and_value(penalty)(params)
    net, halves = theirs(params), mine.halves()
    wanted = formula(net, halves.data.action, halves.own.action)
    slopes = torch.autograd.grad(wanted, net.parameters(), allow_unused=True)
    assert float(value) == pytest.approx(float(wanted.detach()), rel=1e-9)
    assert float(value) > 0.0
    for (name, _), slope in zip(net.named_parameters(), slopes, strict=True):
        found = grads[name.replace(".", "/")]
        # A bias moves no slope but by way of the kinks: torch has nothing, where we have zeros.
        wanted_slope = torch.zeros_like(found) if slope is None else slope
        assert torch.allclose(found, wanted_slope, rtol=1e-7, atol=1e-12)


def test_spectral_norm_over_some_updates() -> None:
    """From the same vectors; with all norms above the cap both divide by sigma.

    torch finds u before v, the paper v before u: its u and v are those of the transposed matrix.
    """
    made, mine = build("spectral_norm", "ring8", cap=1e-3), context()
    params = mine.players.critic
    start = StartContext(mine.task, ("critic",), mine.players, KEY)
    memory = made.init_memory(start)  # type: ignore[misc]
    place, weight = "2/weight", params["2/weight"]
    linear = torch.nn.Linear(64, 64, bias=False)
    linear.load_state_dict({"weight": weight.T})
    torch.nn.utils.parametrizations.spectral_norm(linear, n_power_iterations=1)
    norm = linear.parametrizations.weight[0]  # type: ignore[index]
    norm._u, norm._v = (memory["critic"][place][name].clone() for name in "vu")
    after: PostUpdateContext = type("Context", (), {"new": mine.players})()
    linear.train()
    for _ in range(3):
        memory = made.update_memory(memory, after)  # type: ignore[misc]
        wanted = linear.weight  # one power iteration at every forward pass
        used = made.forward_params(params, ForwardContext("critic", memory, None))  # type: ignore[misc]
        assert torch.allclose(used[place], 1e-3 * wanted.T, rtol=1e-6)
