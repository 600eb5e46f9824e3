"""PopArt: the critic learns targets on the scale of 1, and its outputs keep their meaning."""

from dataclasses import dataclass
from typing import Any

import torch

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params
from bench.functional.weights import by_network
from bench.learner.prioritized_replay import td_targets
from bench.learner.state import TrainState
from bench.learner.strategy import PostUpdateContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "van Hasselt et al., 2016 (PopArt), arXiv 1602.07714"
AT_HOME = {
    "claim": "one learning rate serves rewards of any size",
    "cell": "halfcheetah_small/reference+target_scaling",
    "against": "halfcheetah_small/reference",
    "cause": "chosen on five seeds on which it won; on these ten, which spread widely, it does not",
}
NEUTRAL = {"decay": 1.0}
SEARCH = {"decay": (0.9, 0.99, 0.999)}
SMALLEST = 1e-4
"""The least scale, as in the paper's experiments."""


def last_layers(params: Params) -> set[str]:
    """Return the names of the parameters of every network's last layer with a weight."""
    last = {names[-1].rpartition("/")[0] for names in by_network(params).values()}
    return {name for name in params if name.rpartition("/")[0] in last}


@dataclass(frozen=True)
class Rescaled:
    """The steps of `inner` on the parameters and the loss that targets of scale 1 would have.

    The network is scale * its last layer's share; a loss of squares is scale^2 times as large.
    """

    inner: Any

    def init(self, params: Params) -> Any:
        nothing = 0.0 * next(iter(params.values())).sum()
        seen = {"mean": nothing, "square": nothing, "rest": 1.0 + nothing}
        return {"inner": self.inner.init(params), "scale": 1.0 + nothing, "seen": seen}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        scale, last = state["scale"], last_layers(params)
        small = {k: leaf / scale if k in last else leaf for k, leaf in params.items()}
        slopes = {k: g / scale if k in last else g / scale**2 for k, g in grads.items()}
        moved, inner = self.inner.update(small, slopes, state["inner"])
        # The step is scaled, not the parameters, which a division and a product would round.
        steps = {
            k: scale * (moved[k] - small[k]) if k in last else moved[k] - small[k] for k in params
        }
        return {k: params[k] + steps[k] for k in params}, {**state, "inner": inner}


def target_scaling(*, decay: float = 0.99) -> Strategy:
    """PopArt: the critic learns targets on the scale of 1, and its outputs keep their meaning.

    The scale is the standard deviation of y = reward + discount * value(next q) over the newest
    experience, from means <- decay * mean + (1 - decay) * E with bias correction. Every step is the
    one that the optimizer would take on the normalised problem: a last layer of W / scale, and the
    loss divided by scale^2. Weights are kept unnormalised, so that no output changes when the scale
    does, of the critic or of a target network. decay = 1 is neutral.

    Paper against here: PopArt keeps W / scale and rewrites it whenever the scale moves, which is
    the same (the paper's proposition 3); its mean only moves a bias, and Adam's steps do not ask
    where that is. The decay is ours, for short budgets. In a GAN y is 0 or 1: the scale is 1/2, and
    the last layer learns at half the rate.
    """

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        return value if decay == 1.0 else Rescaled(value)

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        if decay == 1.0:
            return new
        opts = dict(new.opts)
        for player in context.mine:
            shown = context.shown(player, context.new, context.fresh)
            target, old = td_targets(player, shown, context), opts[player]["seen"]
            rest = decay * old["rest"]
            mean = decay * old["mean"] + (1.0 - decay) * target.mean()
            square = decay * old["square"] + (1.0 - decay) * target.square().mean()
            known = 1.0 - rest
            variance = square / known - (mean / known) ** 2
            opts[player] = {
                **opts[player],
                "scale": torch.sqrt(variance.clamp(min=SMALLEST**2)),
                "seen": {"mean": mean, "square": square, "rest": rest},
            }
        return new._replace(opts=opts)

    return Strategy(
        name="target_scaling",
        optimizers=optimizers,
        accept=accept,
        after=(
            *("ttur", "low_beta1", "negative_momentum", "weight_decay", "optimistic", "lr_decay"),
            *("critic_steps", "freeze_learning", "lookahead", "resets", "weight_clipping"),
        ),
    )
