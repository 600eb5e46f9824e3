"""Control: adds zero to both losses and keeps a memory that nobody reads."""

from typing import Any

from torch import Tensor

from bench.functional import rng
from bench.learner.integrators import Core
from bench.learner.strategy import After, At, Strategy
from bench.learner.task import Task

HOME = "control"
SOURCE = "a control of this suite"
NEUTRAL = {"share": 0.0}
IDENTITY = True  # active or not, nothing changes


def placebo(*, share: float = 1.0) -> Strategy:
    """Control: adds zero to both losses and keeps a memory that nobody reads.

    loss + share * 0, and a running sum of its own random draws. Whatever the report says of it is
    an error of the pipeline.
    """

    def slot(core: Core, game: Task, key: Tensor) -> Any:
        return rng.normal(key, (1,))

    def penalty(at: At) -> Tensor | float:
        return share * 0.0

    def refresh(memory: Any, after: After) -> Any:
        return memory + rng.normal(after.key, (1,))

    return Strategy(name="placebo", slot=slot, penalty=penalty, refresh=refresh)
