"""WGAN-GP gradient penalty: weight * E (norm(dq/da) - 1)^2 between data and samples."""

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Half
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Gulrajani et al., 2017, arXiv 1704.00028"
AT_HOME = {
    "claim": "it stabilises GANs that lose modes without it",
    "cell": "ring8/bare+gradient_penalty",
    "against": "ring8/bare",
}
NEUTRAL = {"weight": 0.0}
ACTIVE = {"one_sided": False}  # the slopes of a new critic are below 1
INSTEAD_OF = ("r1",)  # Mescheder et al., 2018, compare the two
SEARCH = {"weight": (0.1, 1.0, 10.0)}
DEFAULTS = {
    "rl": {"one_sided": True},  # a slope of 1 everywhere forbids a best action
    "toy": {"weight": 0.1},  # the authors' code for 2-D toys
    "corners100": {"weight": 10.0},  # in 100 dimensions it is no such toy
    "game": {"weight": 0.1},
}


def gradient_penalty(*, weight: float = 10.0, one_sided: bool = False) -> Strategy:
    """WGAN-GP gradient penalty: weight * E (norm(dq/da) - 1)^2 between data and samples.

    Added to the critic's loss, at a = data + e * (own - data), e uniform in [0, 1) for each row.
    The halves are real and generated samples, in RL the actions of the batch and the actor's own.
    The actor's samples are constants here. Every head of a critic is held to it. With `one_sided`,
    relu(norm(dq/da) - 1)^2: only slopes above 1 cost. weight = 0 is neutral.

    Paper against code: the paper's weight is 10; its code for 2-D toys uses 0.1, as do the toy
    tasks of 2 dimensions here. Paper against here: the paper's critic has the Wasserstein loss and
    five steps for each of the actor's, which is `critic_steps`; here the penalty stands beside the
    GAN's own loss. The two-sided penalty asks for a slope of 1 wherever it looks, so that no action
    could be the best; in RL it is the one-sided one, which the paper tried too.
    """

    def penalty(context: LossContext) -> Tensor:
        data, own = context.halves()
        mix = rng.uniform(rng.fold(context.key, "mix"), (data.action.shape[0], 1))
        action = data.action + mix * (own.action - data.action)
        obs = data.obs if data.obs is own.obs else data.obs + mix * (own.obs - data.obs)
        slope = context.slope(Half(obs, action))
        # The derivative of sqrt is infinite at 0, where the gradient of a new critic may be.
        gap = torch.sqrt(slope.square().sum(dim=2) + 1e-12) - 1.0
        return weight * (gap.relu() if one_sided else gap).square().mean(dim=1).sum()

    return Strategy(name="gradient_penalty", penalty=penalty)
