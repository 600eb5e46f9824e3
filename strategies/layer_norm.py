"""Normalises the critic's hidden layers, each row by itself."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.game import Blueprint, Task
from bench.nets import Shape, before_activations, is_deep
from bench.strategy import Strategy
from bench.trees import Params

HOME = "rl"
SOURCE = "Ba et al., 2016, arXiv 1607.06450; for RL Hiraoka et al., 2022 (DroQ), arXiv 2110.02034"
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "target_scaling")


@dataclass(frozen=True)
class LayerNorm:
    """(x - mean) / sd * gain + bias, mean and sd over all features of a row."""

    eps: float = 1e-5

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {"gain": torch.ones(shape[0]), "bias": torch.zeros(shape[0])}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        over = tuple(range(1, x.dim()))
        channels = (1, -1, *[1] * (x.dim() - 2))
        centred = x - x.mean(dim=over, keepdim=True)
        normed = centred * torch.rsqrt(centred.square().mean(dim=over, keepdim=True) + self.eps)
        return normed * params["gain"].reshape(channels) + params["bias"].reshape(channels)


def layer_norm(*, on: bool = True) -> Strategy:
    """Normalises the critic's hidden layers, each row by itself.

    Before every activation h <- (h - mean) / sd * gain + bias, mean and sd over the row's features,
    of a convolution over channels and positions. on = False is neutral. Inert where the critic has
    no hidden layer.

    Paper against paper: WGAN-GP takes it because batch statistics would couple the rows of its
    penalty, DroQ because it bounds values far from the data.
    """

    def blueprint(value: Blueprint, game: Task) -> Blueprint:
        if not on or inert(game):
            return value
        net = before_activations(value.critic.net, LayerNorm())
        return replace(value, critic=replace(value.critic, net=net))

    def inert(game: Task) -> str | None:
        return None if is_deep(game.blueprint().critic.net) else "the critic has no hidden layer"

    return Strategy(name="layer_norm", blueprint=blueprint, inert=inert, after=AFTER)
