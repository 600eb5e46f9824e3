"""Learns the length and the direction of the critic's weights separately."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.conv import Conv
from bench.game import Blueprint, Task
from bench.nets import Dense, Net, Shape
from bench.strategy import Strategy
from bench.trees import Params

HOME = "rl"
SOURCE = "Salimans and Kingma, 2016, arXiv 1602.07868; for RL Palenicek et al., 2025, 2502.07523"
NEUTRAL = {"on": False}


@dataclass(frozen=True)
class Normed:
    """A layer whose weight is gain * v / norm(v), one gain and one norm per output."""

    inner: Dense | Conv

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        params, after = self.inner.init(key, shape)
        return params | {"gain": _lengths(params["weight"])}, after

    def apply(self, params: Params, x: Tensor) -> Tensor:
        weight = params["weight"]
        scale = (params["gain"] / _lengths(weight)).reshape(-1, *[1] * (weight.dim() - 1))
        return self.inner.apply(params | {"weight": scale * weight}, x)


def _lengths(weight: Tensor) -> Tensor:
    return torch.sqrt(weight.flatten(1).square().sum(dim=1) + 1e-12)


def weight_norm(*, on: bool = True) -> Strategy:
    """Learns the length and the direction of the critic's weights separately.

    weight = gain * v / norm(v) for every row of a dense layer and every filter of a convolution;
    gain starts at norm(v), so that the first outputs stay what they were. on = False is neutral.

    Paper against paper: Salimans and Kingma also start gain and bias from a first batch, which is
    left out; CrossQ with weight norm instead brings v back to length 1 after every step.
    """

    def blueprint(value: Blueprint, game: Task) -> Blueprint:
        if not on:
            return value
        layers = (
            Normed(layer) if isinstance(layer, Dense | Conv) else layer
            for layer in value.critic.net.layers
        )
        return replace(value, critic=replace(value.critic, net=Net(tuple(layers))))

    return Strategy(
        name="weight_norm",
        blueprint=blueprint,
        excludes={"spectral_norm": "the cap would not act on lengths learned apart; leave one out"},
    )
