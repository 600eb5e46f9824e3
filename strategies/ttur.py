"""Two time-scale update rule (TTUR): the critic's learning rate is multiplied by `ratio`."""

from dataclasses import replace
from typing import Any

from bench.learner.strategy import Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Heusel et al., 2017, arXiv 1706.08500"
AT_HOME = {
    "claim": "a faster critic trains better GANs",
    "cell": "digits/reference+ttur",
    "against": "digits/reference",
}
NEUTRAL = {"ratio": 1.0}
SEARCH = {"ratio": (0.3, 3.0, 10.0)}


def ttur(*, ratio: float = 3.0) -> Strategy:
    """Two time-scale update rule (TTUR): the critic's learning rate is multiplied by `ratio`.

    lr(critic) <- ratio * lr(critic); the actor keeps the task's. ratio = 1 is neutral.

    Paper against paper: Heusel et al. use 3e-4 and 1e-4 with WGAN-GP, but ratios below 1 with
    DCGANs, whose loss is the one here; SAGAN uses 4. Two-timescale actor-critic theory only
    requires a faster critic. Paper against here: the critic's rate goes up, and no actor's down.
    Under Adam the ratio is one of steps, whatever the gradients; all heads of a critic share it, in
    RL too.
    """

    def optimizers(value: Any, player: str, task: Task) -> Any:
        return replace(value, lr=ratio * value.lr)

    return Strategy(name="ttur", scopes=("model", "actor"), optimizers=optimizers)
