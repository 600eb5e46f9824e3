"""Learning-rate decay: every player's steps shrink linearly to `end` of their size."""

from dataclasses import dataclass
from typing import Any

import torch

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "both"
SOURCE = (
    "the code of Gulrajani et al., 2017, arXiv 1704.00028; Schulman et al., 2017, arXiv 1707.06347"
)
AT_HOME = {
    "claim": "the last updates settle what was learned",
    "cell": "ring8/reference+lr_decay",
    "against": "ring8/reference",
}
NEUTRAL = {"end": 1.0}
SEARCH = {"end": (0.0, 0.1, 0.3)}


@dataclass(frozen=True)
class Annealed:
    """The steps of `inner`, of which step t of `total` is multiplied by 1 - (1 - end) t / total."""

    inner: Any
    total: int
    end: float

    @property
    def lr(self) -> float:
        """The inner optimizer's."""
        return self.inner.lr

    def init(self, params: Params) -> Any:
        count = 0.0 * next(iter(params.values())).sum()
        return {"inner": self.inner.init(params), "steps": count}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, inner = self.inner.update(params, grads, state["inner"])
        share = torch.clamp(1.0 - (1.0 - self.end) * state["steps"] / self.total, min=self.end)
        made = {name: leaf + share * (moved[name] - leaf) for name, leaf in params.items()}
        return made, {"inner": inner, "steps": state["steps"] + 1.0}


def lr_decay(*, end: float = 0.0) -> Strategy:
    """Learning-rate decay: every player's steps shrink linearly to `end` of their size.

    Over the budget, from the task's rates. end = 1 is neutral.

    Paper against here: WGAN-GP's code decays both rates linearly to 0 on images, as PPO's does;
    both papers leave it to an appendix or a table, and measure nothing of it alone.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        return value if end == 1.0 else Annealed(value, task.updates - task.warmup, end)

    return Strategy(
        name="lr_decay",
        roles=ALL,
        optimizers=optimizers,
        after=("ttur", "low_beta1", "negative_momentum", "weight_decay", "optimistic"),
    )
