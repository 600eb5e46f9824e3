"""Takes both players' gradients one look-ahead step away."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Korpelevich, 1976; Gidel et al., 2019, arXiv 1802.10551"
NEUTRAL = {"lookahead": 0.0}
SEARCH = {"lookahead": (0.5, 1.0)}
NEUTRAL_INTEGRATOR = integrators.simultaneous


def extragradient(*, lookahead: float = 1.0) -> Strategy:
    """Takes both players' gradients one look-ahead step away.

    ahead = core - lr * F(core); core <- core - lr * F(core + lookahead * (ahead - core)), with
    each player's own optimizer in both half-steps (ExtraAdam). lookahead = 0 leaves the
    simultaneous step, which is what this strategy is compared with for neutrality.

    Paper against here: the paper draws a new batch for the second half-step; here both use one.
    """
    return Strategy(
        name="extragradient", integrator=partial(integrators.extragradient, lookahead=lookahead)
    )
