"""Historical averaging: each player's loss + weight * norm(params - their running mean)^2."""

from typing import Any

from torch import Tensor

from bench.functional.pytree import ravel
from bench.learner.strategy import ALL, LossContext, PostUpdateContext, StartContext, Strategy

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.3"
AT_HOME = {
    "claim": "it finds equilibria where gradients orbit",
    "cell": "bilinear/bare+historical_averaging",
    "against": "bilinear/bare",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.001, 0.01, 0.1, 1.0)}


def historical_averaging(*, weight: float = 0.01) -> Strategy:
    """Historical averaging: each player's loss + weight * norm(params - their running mean)^2.

    The mean is over all updates so far, the initial parameters included. weight = 0 is neutral.

    Paper against code: the paper writes the penalty without a weight and reports no run with it on
    images; its released code does not contain it. 0.01 is our choice.
    The mean is as old as half of the run, at any budget. Adam divides the pull with the gradient.
    In RL it is the same, and target networks follow what is pulled.
    """

    def init_memory(context: StartContext) -> Any:
        return {player: ravel(context.players.params[player]) for player in context.mine}

    def penalty(context: LossContext) -> Tensor:
        here = ravel(context.players.params[context.player])
        return weight * (here - context.memory[context.player]).square().sum()

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        share = 1.0 / ((context.new.step - context.task.warmup).clamp(min=0) + 1.0)
        return {
            player: mean + share * (ravel(context.new.params[player]) - mean)
            for player, mean in memory.items()
        }

    return Strategy(
        name="historical_averaging",
        roles=ALL,
        init_memory=init_memory,
        penalty=penalty,
        update_memory=update_memory,
    )
