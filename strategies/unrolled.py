"""Unrolled GAN: the actor's gradient goes through `depth` further critic steps."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Metz et al., 2017, arXiv 1611.02163; for RL Zheng et al., 2022, arXiv 2109.12286"
AT_HOME = {
    "claim": "it covers the modes that plain GANs lose",
    "cell": "ring8/bare+low_beta1+unrolled",
    "against": "ring8/bare+low_beta1",
    "by": "reverse_kl",
    "cause": "on twelve of twenty seeds the plain GAN loses no mode, and none can be won back",
}
NEUTRAL = {"depth": 0}
ACTIVE = {"depth": 1}
SEARCH = {"depth": (1, 5, 10)}


def unrolled(*, depth: int = 5, minimax: bool = True) -> Strategy:
    """Unrolled GAN: the actor's gradient goes through `depth` further critic steps.

    First the critic makes its usual step. Then the actor moves against dL_actor/d(actor) at
    critic_K, the critic after `depth` further steps of its own optimizer, and against
    -dL_critic/d(critic_K) * d(critic_K)/d(actor), how the critic would answer; the further steps
    are undone. In RL L_actor takes the place of -L_critic, as in Zheng et al. With more players all
    but the actor are unrolled. depth = 0 is neutral.

    Paper against here: the paper's actor descends -L_critic in both terms; here, as in practice,
    the first is the non-saturating loss. In the second it must not be, as it is without `minimax`:
    an actor that may choose the critic that its samples fool best finds few modes (`grid25` without
    R1: 6 of 25, the base 13). Penalties on the critic are part of its further steps, and not of
    L_critic. The paper draws a new batch for every further step; here all use the same data and
    noise. Costs about `depth` further critic updates, forwards and backwards.
    """
    step = partial(integrators.unrolled, depth=depth, minimax=minimax)
    return Strategy(name="unrolled", integrator=step)
