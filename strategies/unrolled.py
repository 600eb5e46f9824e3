"""Unrolled GAN: the actor's gradient goes through `depth` further critic steps."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Metz et al., 2017, arXiv 1611.02163; for RL Zheng et al., 2022, arXiv 2109.12286"
AT_HOME = {
    "claim": "it covers the modes that plain GANs lose",
    "cell": "ring8/bare+unrolled",
    "against": "ring8/bare",
    "by": "reverse_kl",
}
NEUTRAL = {"depth": 0}
ACTIVE = {"depth": 1}
SEARCH = {"depth": (1, 5, 10)}


def unrolled(*, depth: int = 5) -> Strategy:
    """Unrolled GAN: the actor's gradient goes through `depth` further critic steps.

    First the critic makes its usual step. Then actor <- actor - lr * d/d(actor) L_actor(actor,
    critic_K), where critic_K(actor) is the critic after `depth` further steps of its own optimizer,
    which are then undone. With more players all but the actor are unrolled. depth = 0 is neutral.

    Paper against here: the paper draws a new batch for every further step; here all use the same
    data and noise. Costs about `depth` further critic updates, forwards and backwards.
    """
    return Strategy(name="unrolled", integrator=partial(integrators.unrolled, depth=depth))
