"""Turns both players' joint gradient by the antisymmetric part of its Jacobian."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Balduzzi et al., 2018, arXiv 1802.05642"
NEUTRAL = {"weight": 0.0}
NEUTRAL_INTEGRATOR = integrators.simultaneous
SEARCH = {"weight": (0.1, 1.0)}


def symplectic_adjustment(*, weight: float = 1.0) -> Strategy:
    """Turns both players' joint gradient by the antisymmetric part of its Jacobian.

    Both players move at once along F + sign * weight * A'F, A = (J - J') / 2, J the Jacobian of F;
    the sign is aligned so that stable points attract and unstable ones repel (algorithm 1).
    weight = 0 leaves the simultaneous step, which is what this strategy is compared with for
    neutrality.

    Paper against here: the paper feeds the adjusted field to RMSProp on its mixtures, here it goes
    to the task's optimizer.
    """
    return Strategy(
        name="symplectic_adjustment", integrator=partial(integrators.symplectic, weight=weight)
    )
