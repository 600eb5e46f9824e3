"""EMA of the generator: evaluate an exponential moving average of the actor's parameters."""

from typing import Any

from bench.functional.pytree import Params, lerp, ravel, unravel
from bench.learner.strategy import PostUpdateContext, StartContext, Strategy

HOME = "gan"
SOURCE = "Yazici et al., 2019, arXiv 1806.04498"
NEUTRAL = {"decay": 0.0}
SEARCH = {"decay": (0.99, 0.999, 0.9999)}


def actor_ema(*, decay: float = 0.999) -> Strategy:
    """EMA of the generator: evaluate an exponential moving average of the actor's parameters.

    average <- average + (1 - decay) * (actor - average) after every update. Only evaluations use
    the average, training never does. decay = 0 is neutral.

    Paper against here: the paper uses 0.9999 over hundreds of thousands of updates; runs here have
    thousands, hence 0.999.
    """

    def init_memory(context: StartContext) -> Any:
        return ravel(context.players.actor)

    def update_memory(average: Any, context: PostUpdateContext) -> Any:
        moved = ravel(context.new.actor)
        # At decay = 0 exactly the actor, not average + (actor - average), which rounds.
        return moved if decay == 0.0 else lerp(average, moved, 1.0 - decay)

    def policy(actor: Params, average: Any) -> Params:
        return unravel(average, actor)

    return Strategy(
        name="actor_ema",
        roles=("actor",),
        init_memory=init_memory,
        update_memory=update_memory,
        policy=policy,
    )
