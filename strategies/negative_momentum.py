"""Negative momentum: step_t = beta * step_(t-1) + the optimizer's step, with beta < 0."""

from dataclasses import dataclass
from typing import Any

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params, tmap
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Gidel et al., 2019, arXiv 1807.04740"
NEUTRAL = {"beta": 0.0}
INSTEAD_OF = ("low_beta1",)  # Gidel et al.: momentum below 0, where others take little
SEARCH = {"beta": (-0.5, -0.3, -0.1)}


@dataclass(frozen=True)
class HeavyBall:
    """velocity <- beta * velocity + the step of `inner`; params <- params + velocity."""

    inner: Optimizer
    beta: float

    def init(self, params: Params) -> Any:
        return {"inner": self.inner.init(params), "velocity": tmap(lambda leaf: 0.0 * leaf, params)}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, inner = self.inner.update(params, grads, state["inner"])
        velocity = tmap(
            lambda old, new, last: self.beta * last + (new - old), params, moved, state["velocity"]
        )
        params = tmap(lambda old, step: old + step, params, velocity)
        return params, {"inner": inner, "velocity": velocity}


def negative_momentum(*, beta: float = -0.5) -> Strategy:
    """Negative momentum: step_t = beta * step_(t-1) + the optimizer's step, with beta < 0.

    With plain gradient descent this is Polyak's heavy ball with a negative beta, for all players.
    Updates stay alternating, for which it was shown to converge on bilinear games. beta = 0 is
    neutral.

    Paper against here: with Adam the paper makes beta1 itself negative; here the momentum acts on
    Adam's steps, so that `low_beta1` with 0 must be added for the same effect.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        return HeavyBall(value, beta) if beta else value

    return Strategy(
        name="negative_momentum",
        roles=ALL,
        optimizers=optimizers,
        after=("ttur", "low_beta1", "weight_decay", "optimistic"),
    )
