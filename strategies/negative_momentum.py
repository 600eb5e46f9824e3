"""Negative momentum: Adam's beta1, or a heavy ball's, is negative."""

from dataclasses import dataclass, replace
from typing import Any

from bench.functional.optim import Adam, Optimizer
from bench.functional.pytree import Params, tmap
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Gidel et al., 2019, arXiv 1807.04740"
AT_HOME = {
    "claim": "it converges on bilinear games",
    "cell": "bilinear/bare+negative_momentum",
    "against": "bilinear/bare",
}
NEUTRAL = {"on": False}
INSTEAD_OF = ("low_beta1",)  # Gidel et al.: momentum below 0, where others take little
SEARCH = {"beta": (-0.5, -0.3, -0.1)}


@dataclass(frozen=True)
class HeavyBall:
    """velocity <- beta * velocity + the step of `inner`; params <- params + velocity."""

    inner: Any
    beta: float

    @property
    def lr(self) -> float:
        """The inner optimizer's."""
        return self.inner.lr

    def init(self, params: Params) -> Any:
        return {"inner": self.inner.init(params), "velocity": tmap(lambda leaf: 0.0 * leaf, params)}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, inner = self.inner.update(params, grads, state["inner"])
        velocity = tmap(
            lambda old, new, last: self.beta * last + (new - old), params, moved, state["velocity"]
        )
        params = tmap(lambda old, step: old + step, params, velocity)
        return params, {"inner": inner, "velocity": velocity}


def negative_momentum(*, beta: float = -0.5, on: bool = True) -> Strategy:
    """Negative momentum: Adam's beta1, or a heavy ball's, is negative.

    For all players. With Adam, mean <- beta * mean + (1 - beta) * gradient: with a beta of
    -0.5 a gradient counts 1.5 times at once, and half of that is taken back in the next update.
    With plain gradient descent step_t = beta * step_(t-1) + the optimizer's step, Polyak's heavy
    ball. Updates stay alternating, for which it was shown to converge on bilinear games. It takes
    the place of another beta1. on = False is neutral.

    Paper against here: Gidel et al. tune beta with the rate; here it is -0.5 at the task's rate, in
    RL too, where no paper has tried it.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        if not on:
            return value
        return replace(value, beta1=beta) if isinstance(value, Adam) else HeavyBall(value, beta)

    return Strategy(
        name="negative_momentum", roles=ALL, optimizers=optimizers, after=("ttur", "low_beta1")
    )
