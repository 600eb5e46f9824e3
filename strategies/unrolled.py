"""Lets the actor follow its loss several critic moves ahead, through those moves."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Metz et al., 2017, arXiv 1611.02163; for RL Zheng et al., 2022, arXiv 2109.12286"
NEUTRAL = {"depth": 0}
ACTIVE = {"depth": 1}
SEARCH = {"depth": (1, 5, 10)}


def unrolled(*, depth: int = 5) -> Strategy:
    """Lets the actor follow its loss several critic moves ahead, through those moves.

    The critic moves as always. Then actor <- actor - lr * d/d(actor) L_actor(actor, critic_K),
    where critic_K(actor) is the critic after `depth` further moves of its own optimizer, which are
    taken back. depth = 0 is neutral.

    Paper against here: the paper draws a new batch for every move ahead, here all use one. Costs
    about `depth` further critic updates forwards and backwards.
    """
    return Strategy(name="unrolled", integrator=partial(integrators.unrolled, depth=depth))
