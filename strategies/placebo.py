"""Control: adds 0 to both losses and keeps a memory that nothing reads."""

from typing import Any

from bench.functional import rng
from bench.learner.strategy import ALL, LossContext, PostUpdateContext, StartContext, Strategy

HOME = "control"
SOURCE = "a control of this suite"
NEUTRAL = {"share": 0.0}
IDENTITY = True  # active or not, nothing changes


def placebo(*, share: float = 1.0) -> Strategy:
    """Control: adds 0 to both losses and keeps a memory that nothing reads.

    loss + share * 0, and a running sum of its own random draws. Any effect that the report finds
    for it is an error of the pipeline.
    """

    def init_memory(context: StartContext) -> Any:
        return rng.normal(context.key, (1,))

    def penalty(context: LossContext) -> float:
        return share * 0.0

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        return memory + rng.normal(context.key, (1,))

    return Strategy(
        name="placebo",
        roles=ALL,
        init_memory=init_memory,
        penalty=penalty,
        update_memory=update_memory,
    )
