"""Freezing learning: the player that is too far ahead skips its update."""

from typing import Any

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import PostUpdateContext, Strategy
from bench.learner.task import Task

HOME = "both"
SOURCE = "Pfau and Vinyals, 2016, arXiv 1610.01945; band of Larsen et al., 2016, arXiv 1512.09300"
NEUTRAL = {"margin": float("inf")}
ACTIVE = {"margin": 0.0}  # always outside the band
SEARCH = {"margin": (0.25, 0.5, 0.75)}


def freeze_learning(*, margin: float = 0.5, decay: float = 0.99) -> Strategy:
    """Freezing learning: the player that is too far ahead skips its update.

    With the critic's loss L and its running mean M <- decay * M + (1 - decay) * L, bias-corrected
    and including this L: the critic does not move while L < M - margin * |M|, the actor not while
    L > M + margin * |M|. margin = inf is neutral.

    Paper against code: Pfau and Vinyals give no band. The released code of VAE/GAN has the band
    0.68 +- 0.35, that is log 2 plus or minus half of it. A loss in RL has no such fixed point, so
    the band lies around the running mean in both domains.
    """

    def init_memory(players: TrainState, task: Task, key: Tensor) -> Any:
        nothing = 0.0 * next(iter(players.critic.values())).sum()
        return {"sum": nothing, "count": nothing}

    def mean(memory: Any, loss: Tensor) -> tuple[Any, Tensor]:
        memory = {
            "sum": decay * memory["sum"] + (1.0 - decay) * loss,
            "count": decay * memory["count"] + (1.0 - decay),
        }
        return memory, memory["sum"] / memory["count"]  # unbiased from the first update on

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        loss = context.losses["critic"]
        _, level = mean(context.memory, loss)
        band = margin * level.abs()
        held = {"critic": loss < level - band, "actor": loss > level + band}
        kept: dict[str, Any] = {}
        for player, stays in held.items():
            for part in (player, f"{player}_opt"):
                old, moved = getattr(context.old, part), getattr(new, part)
                kept[part] = tmap(lambda a, b, stays=stays: torch.where(stays, a, b), old, moved)
        return new._replace(**kept)

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        return mean(memory, context.losses["critic"])[0]

    return Strategy(
        name="freeze_learning",
        init_memory=init_memory,
        accept=accept,
        update_memory=update_memory,
        after=("critic_steps",),
    )
