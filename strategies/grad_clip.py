"""Bounds the length of each player's gradient."""

import torch

from bench.functional.pytree import Params, ravel, tmap
from bench.learner.strategy import LossContext, Strategy

HOME = "rl"
SOURCE = "Pascanu et al., 2013, arXiv 1211.5063; 0.5 as in PPO's code (Schulman et al., 1707.06347)"
NEUTRAL = {"bound": float("inf")}
ACTIVE = {"bound": 0.01}  # the games start with shorter gradients than 0.5
SEARCH = {"bound": (0.1, 0.5, 1.0, 10.0)}


def grad_clip(*, bound: float = 0.5) -> Strategy:
    """Bounds the length of each player's gradient.

    gradient <- gradient * min(1, bound / norm), the Euclidean norm over all of a player's
    parameters. bound = inf is neutral.

    Paper against here: the bound acts before Adam, which divides most of it away unless the norm
    varies from update to update. What `consensus` and `symplectic_adjustment` add is not clipped.
    """

    def grads(value: Params, context: LossContext) -> Params:
        vector = ravel(value)
        # The square root's own slope is infinite at 0; some integrators differentiate through it.
        length = torch.sqrt((vector * vector).sum().clamp(min=1e-24))
        scale = (bound / length).clamp(max=1.0)
        return tmap(lambda leaf: scale * leaf, value)

    return Strategy(name="grad_clip", grads=grads, after=("harmful",))
