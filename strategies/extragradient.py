"""Extragradient: all players step along their gradients at a look-ahead point."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Korpelevich, 1976; Gidel et al., 2019, arXiv 1802.10551"
AT_HOME = {
    "claim": "it converges on bilinear games",
    "cell": "bilinear/bare+extragradient",
    "against": "bilinear/bare",
}
NEUTRAL = {"lookahead": 0.0}
INSTEAD_OF = ("low_beta1",)  # another way to damp the rotation that a momentum of 0.9 drives
SEARCH = {"lookahead": (0.5, 1.0)}
NEUTRAL_INTEGRATOR = integrators.simultaneous


def extragradient(*, lookahead: float = 1.0) -> Strategy:
    """Extragradient: all players step along their gradients at a look-ahead point.

    ahead = x - lr * F(x); x <- x - lr * F(x + lookahead * (ahead - x)), with x the parameters and F
    the gradients of all players, and each player's own optimizer in both half-steps (ExtraAdam).
    lookahead = 0 leaves simultaneous updates, which are the baseline of this strategy's neutrality
    check.

    Paper against here: the paper draws a new batch for the second half-step; here both half-steps
    use the same data and noise.
    """
    return Strategy(
        name="extragradient", integrator=partial(integrators.extragradient, lookahead=lookahead)
    )
