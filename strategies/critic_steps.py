"""Several critic steps per actor step: the actor moves only at every k-th update."""

import torch

from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import PostUpdateContext, Strategy

HOME = "both"
SOURCE = "Arjovsky et al., 2017, arXiv 1701.07875 (5); Fujimoto et al., 2018, arXiv 1802.09477 (2)"
AT_HOME = {
    "claim": "a critic that is ahead gives the actor better gradients",
    "cell": "digits/reference+critic_steps",
    "against": "digits/reference",
}
NEUTRAL = {"every": 1}
SEARCH = {"every": (2, 5, 10)}
DEFAULTS = {"rl": {"every": 2}}  # TD3's; 5 is WGAN's


def critic_steps(*, every: int = 5) -> Strategy:
    """Several critic steps per actor step: the actor moves only at every k-th update.

    actor <- actor before the update, its optimizer state too, unless the number of the update (1,
    2, ...) is a multiple of k = `every`. The others move at every update. The budget counts
    updates, so the actor makes fewer steps. every = 1 is neutral. WGAN makes 5 critic steps per
    actor step, TD3 makes 2.

    Paper against here: TD3 updates its target networks only together with the actor; here they
    follow at every update.
    """

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        moves = new.step % every == 0

        def choose(moved: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            return torch.where(moves, moved, before)

        return new.with_players(tmap(choose, new, context.old), context.mine)

    return Strategy(name="critic_steps", roles=("actor",), accept=accept)
