"""Consensus optimisation: F + gamma * grad(norm(F)^2 / 2) replaces all players' gradients F."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Mescheder et al., 2017, arXiv 1705.10461"
AT_HOME = {
    "claim": "it converges where simultaneous gradients orbit",
    "cell": "dirac/bare+consensus",
    "against": "dirac/bare",
}
NEUTRAL = {"gamma": 0.0}
INSTEAD_OF = ("low_beta1",)  # another way to damp the rotation that a momentum of 0.9 drives
NEUTRAL_INTEGRATOR = integrators.simultaneous
SEARCH = {"gamma": (0.1, 1.0, 10.0)}
DEFAULTS = {"rl": {"gamma": 0.02}}  # the added gradient is then about as long as F, as in GANs


def consensus(*, gamma: float = 1.0) -> Strategy:
    """Consensus optimisation: F + gamma * grad(norm(F)^2 / 2) replaces all players' gradients F.

    All players move simultaneously, by their own optimizers. gamma = 0 leaves simultaneous
    updates, which are the baseline of this strategy's neutrality check.

    Paper against here: the paper chooses gamma per task, 10 on its mixtures with RMSProp at 1e-4;
    with the larger learning rates of these tasks the default is 1. In RL the norm of J'F over that
    of F is 28 to 382, against 2 to 6 in GANs, so that there it is 0.02; and the Bellman target is a
    constant in F but not in the derivative of F.
    """
    return Strategy(name="consensus", integrator=partial(integrators.consensus, gamma=gamma))
