"""EMA of the generator: evaluate an exponential moving average of the actor's parameters."""

from typing import Any

import torch

from bench.functional.pytree import Params, lerp, ravel, unravel
from bench.learner.strategy import PostUpdateContext, StartContext, Strategy

HOME = "gan"
SOURCE = "Yazici et al., 2019, arXiv 1806.04498"
AT_HOME = {
    "claim": "an average of generators is better than the last one",
    "cell": "ring8/reference+actor_ema",
    "against": "ring8/reference",
}
NEUTRAL = {"decay": 0.0}
SEARCH = {"decay": (0.99, 0.999, 0.9999)}


def actor_ema(*, decay: float = 0.999) -> Strategy:
    """EMA of the generator: evaluate an exponential moving average of the actor's parameters.

    average <- average + (1 - decay) / (1 - decay^t) * (actor - average) after update t, without
    those of a warm-up: bias corrected, so that the initial actor is no part of it. Only evaluations
    use the average, training never does. decay = 0 is neutral.

    Paper against here: the paper uses 0.9999 over hundreds of thousands of updates, and no
    correction; runs here have tens of thousands, hence 0.999.
    """

    def init_memory(context: StartContext) -> Any:
        average = ravel(context.players.actor)
        return {"average": average, "rest": 1.0 + 0.0 * average.sum()}

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        moved = ravel(context.new.actor)
        started = context.old.step > context.task.warmup
        rest = decay * torch.where(started, memory["rest"], 1.0)  # decay^t
        # At decay = 0 exactly the actor, not average + (actor - average), which rounds.
        if decay:
            moved = lerp(memory["average"], moved, (1.0 - decay) / (1.0 - rest))
        return {"average": moved, "rest": rest}

    def policy(actor: Params, memory: Any) -> Params:
        return unravel(memory["average"], actor)

    return Strategy(
        name="actor_ema",
        roles=("actor",),
        init_memory=init_memory,
        update_memory=update_memory,
        policy=policy,
    )
