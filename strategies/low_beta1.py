"""Low beta1 in Adam: mean <- beta1 * mean + (1 - beta1) * gradient, with beta1 below 0.9."""

from dataclasses import replace
from typing import Any

from bench.functional.optim import Adam
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Radford et al., 2016, arXiv 1511.06434 (0.5); Bhatt et al., 2024, arXiv 1902.05605 (0.5)"
AT_HOME = {
    "claim": "a momentum of 0.9 makes GANs oscillate",
    "cell": "digits/reference",
    "against": "digits/reference-low_beta1",
}
NEUTRAL = {"beta1": 0.9}
IDLE_BESIDE = {"negative_momentum": "its beta1 takes the place of this one"}
SEARCH = {"beta1": (0.0, 0.5)}


def low_beta1(*, beta1: float = 0.5) -> Strategy:
    """Low beta1 in Adam: mean <- beta1 * mean + (1 - beta1) * gradient, with beta1 below 0.9.

    For all players; mean is Adam's running mean of the gradient. beta1 = 0.9, every task's own, is
    neutral. Inert where the players use plain gradient descent.

    Paper against paper: DCGAN uses 0.5, SNGAN and WGAN-GP's image models use 0; CrossQ uses 0.5 in
    RL and gives no reason.
    """

    def optimizers(value: Any, player: str, task: Task) -> Any:
        return replace(value, beta1=beta1) if isinstance(value, Adam) else value

    def inert(task: Task) -> str | None:
        players = task.blueprint().players
        if any(isinstance(players[name].optimizer, Adam) for name in task.players):
            return None
        return "plain gradient descent has no beta1"

    return Strategy(
        name="low_beta1", roles=ALL, optimizers=optimizers, inert=inert, after=("ttur",)
    )
