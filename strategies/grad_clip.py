"""Gradient clipping: each player's gradient is multiplied by min(1, bound / norm)."""

import torch

from bench.functional.pytree import Params, ravel, tmap
from bench.learner.strategy import ALL, LossContext, Strategy

HOME = "rl"
SOURCE = (
    "Pascanu et al., 2013, arXiv 1211.5063; "
    "0.5 as in PPO's code (Schulman et al., 2017, arXiv 1707.06347)"
)
AT_HOME = {
    "claim": "it bounds steps where gradients explode",
    "cell": "halfcheetah_small/reference+grad_clip",
    "against": "halfcheetah_small/reference",
    "cause": "chosen on five seeds on which it won; on these ten, which spread widely, it does not",
}
NEUTRAL = {"bound": float("inf")}
ACTIVE = {"bound": 0.01}  # gradients on the toy games start below 0.5
SEARCH = {"bound": (0.1, 0.5, 1.0, 10.0)}


def grad_clip(*, bound: float = 0.5) -> Strategy:
    """Gradient clipping: each player's gradient is multiplied by min(1, bound / norm).

    The norm is the Euclidean norm over all parameters of the player. bound = inf is neutral.

    Paper against here: clipping acts before Adam, whose normalisation undoes most of it unless the
    norm varies between updates. The terms that `consensus` and `symplectic_adjustment` add are not
    clipped. The norm is over all heads together, in RL as in GANs. Beside `reference` gradients on
    the rings seldom reach the default, and those of critics in RL nearly always pass it, where
    Adam divides the common factor out: what is measured there is hardly a bound on outliers.
    """

    def grads(value: Params, context: LossContext) -> Params:
        vector = ravel(value)
        # The derivative of sqrt is infinite at 0; some integrators differentiate through it.
        length = torch.sqrt((vector * vector).sum().clamp(min=1e-24))
        scale = (bound / length).clamp(max=1.0)
        return tmap(lambda leaf: scale * leaf, value)

    return Strategy(name="grad_clip", roles=ALL, grads=grads, after=("harmful",))
