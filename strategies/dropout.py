"""Drops hidden units of the critic at random while it learns."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench import rng
from bench.game import Blueprint, Task
from bench.nets import Activation, Layer, Net, Shape, is_deep
from bench.strategy import Strategy, Use
from bench.trees import Params

HOME = "rl"
SOURCE = "Srivastava et al., 2014; for RL Hiraoka et al., 2022 (DroQ), arXiv 2110.02034"
NEUTRAL = {"rate": 0.0}
ACTIVE = {"rate": 0.5}  # of few units in few updates, 0.01 may drop none
DEFAULTS = {"gan": {"rate": 0.5}}
SEARCH = {"rate": (0.01, 0.1, 0.5)}


@dataclass(frozen=True)
class Dropped:
    """A layer whose outputs are 0 with probability `rate`, and else 1 / (1 - rate) times as large.

    Nothing is dropped where its parameters hold no "key".
    """

    inner: Layer
    rate: float

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return self.inner.init(key, shape)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        y = self.inner.apply(params, x)
        if "key" not in params:
            return y
        kept = rng.uniform(params["key"], tuple(y.shape)) >= self.rate
        return torch.where(kept, y / (1.0 - self.rate), 0.0)


def dropout(*, rate: float = 0.01) -> Strategy:
    """Drops hidden units of the critic at random while it learns.

    Before every hidden activation h <- h * kept / (1 - rate), kept with probability 1 - rate per
    row and unit, drawn apart for the critic's loss, for its target and for the actor's loss; not in
    an evaluation. rate = 0 is neutral. Inert where the critic has no hidden layer.

    Paper against paper: DroQ takes 0.01 beside layer norm, GANs of 2016 took 0.5.
    """

    def blueprint(value: Blueprint, game: Task) -> Blueprint:
        if not rate or inert(game):
            return value
        layers = value.critic.net.layers
        hidden = [*(isinstance(after, Activation) for after in layers[1:]), False]
        made = (
            Dropped(layer, rate) if drops else layer
            for layer, drops in zip(layers, hidden, strict=True)
        )
        return replace(value, critic=replace(value.critic, net=Net(tuple(made))))

    def weights(params: Params, use: Use) -> Params:
        if use.player == "actor" or use.key is None or not rate:
            return params
        layers = [name.removesuffix("weight") for name in params if name.endswith("weight")]
        return params | {f"{layer}key": rng.fold(use.key, layer) for layer in layers}

    def inert(game: Task) -> str | None:
        return None if is_deep(game.blueprint().critic.net) else "the critic has no hidden layer"

    return Strategy(
        name="dropout",
        blueprint=blueprint,
        weights=weights,
        inert=inert,
        after=("weight_norm", "spectral_norm"),
    )
