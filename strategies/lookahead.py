"""Lookahead: every k updates, slow <- slow + alpha * (fast - slow), then fast <- slow."""

from typing import Any

import torch

from bench.functional.pytree import Params, lerp, tmap
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, PostUpdateContext, StartContext, Strategy

HOME = "gan"
SOURCE = "Chavdarova et al., 2021, arXiv 2006.14567; Zhang et al., 2019, arXiv 1907.08610"
AT_HOME = {
    "claim": "it converges on bilinear games",
    "cell": "bilinear/bare+lookahead",
    "against": "bilinear/bare",
}
NEUTRAL = {"alpha": 1.0}
SEARCH = {"every": (5, 50), "alpha": (0.3, 0.5, 0.8)}


def trained(state: TrainState, players: tuple[str, ...]) -> dict[str, Params]:
    """Return the parameters of some players by name."""
    return {player: state.params[player] for player in players}


def lookahead(*, every: int = 5, alpha: float = 0.5) -> Strategy:
    """Lookahead: every k updates, slow <- slow + alpha * (fast - slow), then fast <- slow.

    This happens at each update whose number (1, 2, ...) is a multiple of k = `every`, for all
    players together. fast are the trained parameters; the optimizers keep their states. alpha = 1
    is neutral.

    Paper against paper: k = 5 and alpha = 0.5 are the defaults of both; for GANs Chavdarova et al.
    also report k in the thousands. It acts in every fifth update of any budget. Memories of other
    strategies, such as target networks, follow the fast parameters between.
    """

    def init_memory(context: StartContext) -> Any:
        # Copies, because no tensor may occur twice in a state.
        return tmap(lambda leaf: leaf.clone(), trained(context.players, context.mine))

    def drawn_back(slow: Any, new: TrainState) -> Any:
        fast = trained(new, tuple(slow))
        now = new.step % every == 0
        # At alpha = 1 exactly the fast weights, not slow + (fast - slow), which rounds.
        moved = fast if alpha == 1.0 else lerp(slow, fast, alpha)
        return tmap(lambda back, on: torch.where(now, back, on), moved, fast)

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        return new.with_params(drawn_back(context.memory, new))

    def update_memory(slow: Any, context: PostUpdateContext) -> Any:
        # The accepted parameters are the new slow weights.
        now = context.new.step % every == 0
        fast = trained(context.new, tuple(slow))
        return tmap(lambda old, new: torch.where(now, new, old), slow, fast)

    return Strategy(
        name="lookahead",
        roles=ALL,
        init_memory=init_memory,
        accept=accept,
        update_memory=update_memory,
        after=("critic_steps", "freeze_learning"),
        excludes={"resets": "the slow weights would undo every reset; leave one out"},
    )
