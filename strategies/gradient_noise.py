"""Gradient noise: every gradient gets Gaussian noise, whose variance falls as the run goes on."""

from bench.functional import rng
from bench.functional.pytree import Params, ravel, unravel
from bench.learner.strategy import ALL, LossContext, Strategy

HOME = "both"
SOURCE = "Neelakantan et al., 2015, arXiv 1511.06807"
AT_HOME = {
    "claim": "it helps networks that are hard to train",
    "cell": "digits/bare+gradient_noise",
    "against": "digits/bare",
    "cause": "it helped twenty layers from poor starts; these are three, with good ones",
}
NEUTRAL = {"variance": 0.0}
SEARCH = {"variance": (1e-6, 1e-4, 1e-2)}
DECAY = 0.55
"""The paper's exponent."""


def gradient_noise(*, variance: float = 1e-4) -> Strategy:
    """Gradient noise: every gradient gets Gaussian noise, whose variance falls as the run goes on.

    For all players, gradient <- gradient + sqrt(variance / (1 + t)^0.55) * normal, with t the
    number of the update. variance = 0 is neutral.

    Paper against here: the paper adds it to supervised learning, with 0.01, 0.3 or 1. The numbers
    of the gradients of `digits` are about 0.004 (root mean square over the first tenth of the
    budget), as is noise of variance 1e-4 after thirty updates; 0.01 would be ten times as large. It
    is the control for what else makes gradients noisy: small batches, dropout, instance noise.
    """

    def grads(value: Params, context: LossContext) -> Params:
        if not variance:
            return value
        flat = ravel(value)
        noise = rng.normal(rng.fold(context.key, context.player), tuple(flat.shape))
        scale = (variance / (1.0 + context.players.step) ** DECAY) ** 0.5
        return unravel(flat + scale * noise, value)

    return Strategy(name="gradient_noise", roles=ALL, grads=grads, after=("harmful", "grad_clip"))
