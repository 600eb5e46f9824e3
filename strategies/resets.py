"""Resets: reinitialise the critic and its optimizer a few times during the run."""

import torch

from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, PostUpdateContext, Strategy

HOME = "rl"
SOURCE = "Nikishin et al., 2022, arXiv 2205.07802"
NEUTRAL = {"count": 0}
ACTIVE = {"count": 1_000_000_000}  # at every update but the last one
SEARCH = {"count": (1, 4, 9), "both": (False, True)}


def resets(*, count: int = 4, both: bool = False) -> Strategy:
    """Resets: reinitialise the critic and its optimizer a few times during the run.

    At every update whose number is a multiple of budget // (count + 1), except the last update of
    the budget; with `both`, the actor and its optimizer as well. Other strategies keep their
    memories, such as a replay buffer or target networks. count = 0 is neutral.

    Paper against here: the paper resets every 2e5 of 1e6 updates, which is count 4, and in SAC both
    players; here by default only the critic, because it is what the actor learns from.
    """

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        if not count:
            return new
        total = context.task.updates
        period = max(1, total // (count + 1))
        now = (new.step % period == 0) & (new.step < total)
        anew = context.init(rng.fold(context.key, "anew"))
        drawn = tmap(lambda a, b: torch.where(now, a, b), anew, new)
        return new.with_players(drawn, context.mine)

    return Strategy(
        name="resets",
        roles=ALL if both else ("critic",),
        accept=accept,
        after=("critic_steps", "freeze_learning"),
    )
