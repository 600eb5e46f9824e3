"""Lagged critic: the actor's loss uses a Polyak-averaged copy of the critic."""

from typing import Any

from torch import Tensor

from bench.functional.pytree import lerp, ravel, unravel
from bench.learner.state import TrainState
from bench.learner.strategy import Given, LossContext, PostUpdateContext, StartContext, Strategy

HOME = "rl"
SOURCE = "the reading of Lillicrap et al., 2016, arXiv 1509.02971, that acts where discounts are 0"
AT_HOME = {
    "claim": "a slow critic is a steadier guide",
    "cell": "pendulum/bare+lagged_critic+replay",
    "against": "pendulum/bare+replay",
    "cause": "no paper claims it: it is a reading of target networks that acts in GANs",
}
NEUTRAL = {"tau": 1.0}
DEFAULTS = {"short": {"tau": 0.02}, "gan": {"tau": 0.05}}  # our choice; RL's is target_network's
SEARCH = {"tau": (0.005, 0.02, 0.1, 0.5)}


def lagged_critic(*, tau: float = 0.005) -> Strategy:
    """Lagged critic: the actor's loss uses a Polyak-averaged copy of the critic.

    The actor's loss uses copy + tau * (critic - copy), with the critic as it is when the actor
    moves; copy <- the same after every update. tau = 1 is neutral: the actor sees the critic that
    has just moved.

    Paper against here: a target network (`target_network`) changes only the critic's target and has
    no effect in a GAN; this is what remains of the idea there. 0.005 is TD3's for a million
    updates, larger where runs are short.
    """

    def init_memory(context: StartContext) -> Any:
        return ravel(context.players.critic)

    def blend(copy: Tensor, players: TrainState) -> Tensor:
        now = ravel(players.critic)
        # At tau = 1 exactly the critic, not copy + (critic - copy), which rounds.
        return now if tau == 1.0 else lerp(copy, now, tau)

    def target_params(value: Given, context: LossContext) -> Given:
        copy = unravel(blend(context.memory, context.players), context.players.critic)
        return value | {"critic": copy}

    def update_memory(copy: Any, context: PostUpdateContext) -> Any:
        return blend(copy, context.new)

    return Strategy(
        name="lagged_critic",
        roles=("actor",),
        target_params=target_params,
        init_memory=init_memory,
        update_memory=update_memory,
        after=("target_network",),
    )
