"""Control: flips the sign of each player's gradient with probability `flip`."""

import torch

from bench.functional import rng
from bench.functional.pytree import Params, tmap
from bench.learner.strategy import ALL, LossContext, Strategy

HOME = "control"
SOURCE = "a control of this suite"
NEUTRAL = {"flip": 0.0}


def harmful(*, flip: float = 0.5) -> Strategy:
    """Control: flips the sign of each player's gradient with probability `flip`.

    grads <- -grads, drawn for each player and update; at flip = 1/2 learning becomes a random walk.
    A report over ten seeds that does not call it harmful is wrong. flip = 0 is neutral.
    """

    def grads(value: Params, context: LossContext) -> Params:
        draw = rng.uniform(rng.fold(context.key, context.player), ())
        sign = torch.where(draw < flip, -1.0, 1.0).to(draw.dtype)
        return tmap(lambda leaf: sign * leaf, value)

    return Strategy(name="harmful", roles=ALL, grads=grads)
