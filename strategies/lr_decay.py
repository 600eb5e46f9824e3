"""Learning-rate decay: every player's steps shrink linearly to `end` of their size."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params, tmap
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, PostUpdateContext, Strategy
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
    """The steps of `inner`, times the share that is kept in the state."""

    inner: Any

    def init(self, params: Params) -> Any:
        share = 1.0 + 0.0 * next(iter(params.values())).sum()
        return {"inner": self.inner.init(params), "share": share}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, inner = self.inner.update(params, grads, state["inner"])
        made = tmap(lambda old, new: old + state["share"] * (new - old), params, moved)
        return made, {**state, "inner": inner}


def with_share(state: Any, share: Tensor) -> Any:
    """An optimizer's state with another share, in whatever wraps `Annealed`."""
    if "share" in state:
        return {**state, "share": share}
    return {**state, "inner": with_share(state["inner"], share)}


def lr_decay(*, end: float = 0.0) -> Strategy:
    """Learning-rate decay: every player's steps shrink linearly to `end` of their size.

    From the task's rates, by the number of the update: t of the budget's T updates, without those
    of a warm-up, has 1 - (1 - end) t / T of a whole step. end = 1 is neutral.

    Paper against here: WGAN-GP's code decays both rates linearly to 0 on images, as PPO's does;
    both papers leave it to an appendix or a table, and measure nothing of it alone.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        return value if end == 1.0 else Annealed(value)

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        if end == 1.0:
            return new
        start, total = context.task.warmup, context.task.updates
        done = ((new.step - start) / (total - start)).clamp(0.0, 1.0)
        share = 1.0 - (1.0 - end) * done
        return new._replace(
            opts={**new.opts, **{p: with_share(new.opts[p], share) for p in context.mine}}
        )

    return Strategy(
        name="lr_decay",
        roles=ALL,
        optimizers=optimizers,
        accept=accept,
        after=(
            *("ttur", "low_beta1", "negative_momentum", "weight_decay", "optimistic"),
            *("critic_steps", "freeze_learning", "lookahead", "resets", "weight_clipping"),
        ),
    )
