"""DRAGAN gradient penalty: weight * E (norm(dq/da) - 1)^2 at data with added noise."""

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Kodali et al., 2017, arXiv 1705.07215"
AT_HOME = {
    "claim": "it avoids mode collapse of plain GANs",
    "cell": "ring8/bare+dragan",
    "against": "ring8/bare",
}
NEUTRAL = {"weight": 0.0}
ACTIVE = {"one_sided": False}  # the slopes of a new critic are below 1
INSTEAD_OF = ("r1",)  # a gradient penalty at the data too, with another norm
SEARCH = {"weight": (0.1, 1.0, 10.0), "spread": (0.1, 0.5, 1.0)}
DEFAULTS = {
    "rl": {"one_sided": True},  # as `gradient_penalty`, which says why
    "toy": {"weight": 0.1},  # 10 keeps no mode of `ring8`; WGAN-GP's code for toys has 0.1 too
    "corners100": {"weight": 10.0},  # in 100 dimensions it is no such toy
    "game": {"weight": 0.1},
}


def dragan(*, weight: float = 10.0, spread: float = 0.5, one_sided: bool = False) -> Strategy:
    """DRAGAN gradient penalty: weight * E (norm(dq/da) - 1)^2 at data with added noise.

    Added to the critic's loss, at a = data + e * spread * sd * u, where sd is the standard
    deviation of all numbers of the data half; u is uniform in [0, 1) for each number, e for each
    row. Noise lies on the action alone, also where a critic judges pairs. Every head of a critic is
    held to it. With `one_sided`, only slopes above 1 cost. weight = 0 is neutral.

    Paper against code: the paper adds centred normal noise; its released code adds one-sided
    uniform noise, with spread 0.5 and a random step e along it, as here.
    """

    def penalty(context: LossContext) -> Tensor:
        data = context.halves().data
        noise = (
            spread
            * data.action.std(correction=0)
            * rng.uniform(rng.fold(context.key, "noise"), data.action.shape)
        )
        step = rng.uniform(rng.fold(context.key, "step"), (data.action.shape[0], 1))
        slope = context.slope(data._replace(action=data.action + step * noise))
        # The derivative of sqrt is infinite at 0, where the gradient of a new critic may be.
        gap = torch.sqrt(slope.square().sum(dim=2) + 1e-12) - 1.0
        return weight * (gap.relu() if one_sided else gap).square().mean(dim=1).sum()

    return Strategy(name="dragan", penalty=penalty)
