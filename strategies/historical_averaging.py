"""Pulls both players towards the running mean of where they have been."""

from typing import Any

from torch import Tensor

from bench.functional.pytree import ravel
from bench.learner.integrators import Core
from bench.learner.strategy import After, At, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.3"
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.001, 0.01, 0.1, 1.0)}


def historical_averaging(*, weight: float = 0.01) -> Strategy:
    """Pulls both players towards the running mean of where they have been.

    each player's loss + weight * norm(params - mean)^2, mean over all updates so far, the initial
    parameters included. weight = 0 is neutral.

    Paper against code: the paper writes the penalty without a weight and reports no run with it on
    images; its released code has none. 0.01 is ours.
    """

    def slot(core: Core, game: Task, key: Tensor) -> Any:
        return {"actor": ravel(core.actor), "critic": ravel(core.critic)}

    def penalty(at: At) -> Tensor | float:
        here = ravel(getattr(at.core, at.player))
        return weight * (here - at.slot[at.player]).square().sum()

    def refresh(memory: Any, after: After) -> Any:
        share = 1.0 / ((after.new.step - after.game.warmup).clamp(min=0) + 1.0)
        return {
            player: mean + share * (ravel(getattr(after.new, player)) - mean)
            for player, mean in memory.items()
        }

    return Strategy(name="historical_averaging", slot=slot, penalty=penalty, refresh=refresh)
