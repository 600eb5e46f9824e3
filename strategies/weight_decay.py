"""Weight decay (AdamW): params <- (1 - lr * rate) * params before every optimizer step."""

from dataclasses import dataclass
from typing import Any

from bench.functional.pytree import Params, tmap
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Loshchilov and Hutter, 2019, arXiv 1711.05101; for RL Lee et al., 2025, arXiv 2410.09754"
AT_HOME = {
    "claim": "small weights keep values from diverging",
    "cell": "reacher_many/reference+weight_decay",
    "against": "reacher_many/reference",
}
NEUTRAL = {"rate": 0.0}
SEARCH = {"rate": (0.01, 0.05, 0.25)}
# SimBa's lr * rate * updates is 1: 1e-4 * 0.01 * 1e6; here 1e-3 * 0.05 * 6,000 to 40,000.
DEFAULTS = {"toy": {"rate": 0.05}, "image": {"rate": 0.05}, "short": {"rate": 0.05}}


@dataclass(frozen=True)
class Decayed:
    """The step of `inner`, taken from (1 - lr * rate) * params."""

    inner: Any
    rate: float

    def init(self, params: Params) -> Any:
        return self.inner.init(params)

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        shrunk = tmap(lambda leaf: (1.0 - self.inner.lr * self.rate) * leaf, params)
        return self.inner.update(shrunk, grads, state)


def weight_decay(*, rate: float = 0.01) -> Strategy:
    """Weight decay (AdamW): params <- (1 - lr * rate) * params before every optimizer step.

    Decoupled decay of all players' parameters, biases included. rate = 0 is neutral.

    Paper against paper: SimBa decays both players at 0.01, AdamW's default; most GANs use no decay.
    Paper against here: what a rate means depends on rate and budget, as lr * rate * updates says;
    in the short budgets the rate is 0.05, at which that is 0.3 to 2, where SimBa's is 1.
    """

    def optimizers(value: Any, player: str, task: Task) -> Any:
        return Decayed(value, rate) if rate else value

    return Strategy(
        name="weight_decay",
        roles=ALL,
        optimizers=optimizers,
        after=("ttur", "low_beta1", "negative_momentum"),
    )
