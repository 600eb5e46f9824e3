"""Optimistic gradient: params move by 2 step_t - step_(t-1)."""

from dataclasses import dataclass
from typing import Any

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params, tmap
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Daskalakis et al., 2018, arXiv 1711.00141"
AT_HOME = {
    "claim": "it converges on bilinear games",
    "cell": "bilinear/bare+optimistic",
    "against": "bilinear/bare",
}
NEUTRAL = {"strength": 0.0}
INSTEAD_OF = ("low_beta1",)  # another way to damp the rotation that a momentum of 0.9 drives
SEARCH = {"strength": (0.5, 1.0)}


@dataclass(frozen=True)
class Optimistic:
    """params <- params + step_t + strength * (step_t - step_(t-1)), with the steps of `inner`."""

    inner: Optimizer
    strength: float

    def init(self, params: Params) -> Any:
        return {"inner": self.inner.init(params), "last": tmap(lambda leaf: 0.0 * leaf, params)}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, inner = self.inner.update(params, grads, state["inner"])
        step = tmap(lambda old, new: new - old, params, moved)
        params = tmap(
            lambda new, now, last: new + self.strength * (now - last), moved, step, state["last"]
        )
        return params, {"inner": inner, "last": step}


def optimistic(*, strength: float = 1.0) -> Strategy:
    """Optimistic gradient: params move by 2 step_t - step_(t-1).

    params <- params + step_t + strength * (step_t - step_(t-1)), with the optimizer's own steps:
    for plain gradient descent -lr * (2 g_t - g_(t-1)), for Adam the paper's optimistic Adam.
    step_0 = 0. The first line has the default, strength = 1; strength = 0 is neutral.

    Paper against here: the paper's players move simultaneously; here the updates are the task's,
    alternating.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        return Optimistic(value, strength) if strength else value

    return Strategy(
        name="optimistic",
        roles=ALL,
        optimizers=optimizers,
        after=("ttur", "low_beta1", "negative_momentum", "weight_decay"),
    )
