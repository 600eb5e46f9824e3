"""Adds the gradient of the squared length of both players' joint gradient."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Mescheder et al., 2017, arXiv 1705.10461"
NEUTRAL = {"gamma": 0.0}
NEUTRAL_INTEGRATOR = integrators.simultaneous
SEARCH = {"gamma": (0.1, 1.0, 10.0)}


def consensus(*, gamma: float = 1.0) -> Strategy:
    """Adds the gradient of the squared length of both players' joint gradient.

    Both players move at once along F + gamma * grad(norm(F)^2 / 2), where F holds both gradients.
    gamma = 0 leaves the simultaneous step, which is what this strategy is compared with for
    neutrality.

    Paper against here: the paper chooses gamma per task, 10 on its mixtures with RMSProp at 1e-4;
    with these tasks' larger rates the default is 1. In RL the critic's target is a constant in F
    but not in F's own derivative.
    """
    return Strategy(name="consensus", integrator=partial(integrators.consensus, gamma=gamma))
