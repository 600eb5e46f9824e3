"""Weight clipping: critic <- clamp(critic, -bound, bound) after every update."""

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import PostUpdateContext, Strategy

HOME = "gan"
SOURCE = "Arjovsky et al., 2017, arXiv 1701.07875"
AT_HOME = {
    "claim": "it stabilises plain GANs",
    "cell": "digits/bare+low_beta1+weight_clipping",
    "against": "digits/bare+low_beta1",
}
NEUTRAL = {"bound": float("inf")}
INSTEAD_OF = ("r1",)  # Gulrajani et al., 2017: gradient penalties instead of it
DEFAULTS = {"toy": {"bound": 0.1}, "image": {"bound": 0.1}, "rl": {"bound": 1.0}}
ACTIVE = {"bound": 0.001}  # the weights of layers with 100 inputs start within 0.1
SEARCH = {"bound": (0.03, 0.1, 0.3, 1.0)}


def weight_clipping(*, bound: float = 0.01) -> Strategy:
    """Weight clipping: critic <- clamp(critic, -bound, bound) after every update.

    Weights and biases are clipped, in RL after the warm-up. bound = inf is neutral.

    Paper against here: 0.01 is WGAN's, at a learning rate of 5e-5; at 1e-3 a single step would
    cross a tenth of it, and critics die, so that the bound is 0.1 here. In RL values reach hundreds
    and more, where two layers of 64 units with weights within 0.1 end below about 50 (`pendulum`
    is then not learned at all), so that it is 1 there. WGAN's loss is Wasserstein's, here it is the
    task's. WGAN clips before the actor's step, here clipping follows both.
    """

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        learns = context.old.step >= context.task.warmup

        def clipped(leaf: Tensor) -> Tensor:
            return torch.where(learns, leaf.clamp(-bound, bound), leaf)

        return new.with_params({p: tmap(clipped, new.params[p]) for p in context.mine})

    return Strategy(
        name="weight_clipping",
        accept=accept,
        after=("critic_steps", "freeze_learning", "lookahead", "resets"),
    )
