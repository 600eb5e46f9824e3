"""Lets the critic's network answer in units of its targets' running size."""

import torch
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.pytree import Params
from bench.functional.wrappers import Scaled, beside_weights, with_critic
from bench.learner.integrators import Core
from bench.learner.prioritized_replay import targets
from bench.learner.strategy import After, Strategy, Use
from bench.learner.task import Blueprint, Task

HOME = "rl"
SOURCE = "van Hasselt et al., 2016 (PopArt), arXiv 1602.07714"
NEUTRAL = {"decay": 1.0}
SEARCH = {"decay": (0.9, 0.99, 0.999)}


def target_scaling(*, decay: float = 0.99) -> Strategy:
    """Lets the critic's network answer in units of its targets' running size.

    q = scale * network, scale = sqrt(square), square <- decay * square + (1 - decay) * E y^2, where
    y = reward + discount * value(next q) over the newest experience; square starts at 1. decay = 1
    is neutral. In a GAN E y^2 is 1/2: it ends as a fixed temperature of the logit.

    Paper against here: PopArt also subtracts a mean, divides the loss by the scale and rewrites the
    last layer whenever the scale moves; Adam hides the second, a slow decay most of the third.
    """

    def blueprint(value: Blueprint, game: Task) -> Blueprint:
        return with_critic(value, lambda net: Net((*net.layers[:-1], Scaled(net.layers[-1]))))

    def slot(core: Core, game: Task, key: Tensor) -> Tensor:
        return 1.0 + 0.0 * next(iter(core.critic.values())).sum()

    def weights(params: Params, use: Use) -> Params:
        if use.player == "actor":
            return params
        return beside_weights(params, "scale", lambda layer: torch.sqrt(use.slot))

    def refresh(square: Tensor, after: After) -> Tensor:
        target = targets(after.fresh, after)
        return square + (1.0 - decay) * (target.square().mean() - square)

    return Strategy(
        name="target_scaling",
        blueprint=blueprint,
        slot=slot,
        weights=weights,
        refresh=refresh,
        after=("weight_norm", "dropout", "spectral_norm"),
    )
