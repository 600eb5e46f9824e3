"""Resets: reinitialise the players and their optimizers a few times in the first half of a run."""

import torch

from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, PostUpdateContext, Strategy

HOME = "rl"
SOURCE = "Nikishin et al., 2022, arXiv 2205.07802"
AT_HOME = {
    "claim": "it undoes early overfitting with many updates per step",
    "cell": "reacher_many/reference+resets",
    "against": "reacher_many/reference",
    "cause": "it wins where the base fails, on three of ten seeds, and is like it elsewhere",
}
NEUTRAL = {"count": 0}
ACTIVE = {"count": 1_000_000_000}  # at every update of the first half
SEARCH = {"count": (1, 2, 4), "both": (False, True)}
DEFAULTS = {"gan": {"both": False}}  # nothing that a generator has learned would be left


def resets(*, count: int = 2, both: bool = True) -> Strategy:
    """Resets: reinitialise the players and their optimizers a few times in the first half of a run.

    `count` times, evenly spaced, the last time after half of the budget, so that what is scored has
    learned for as long again; without `both` the critic alone. Other strategies keep their
    memories: a replay buffer outlives a reset, which is the point of it, and target networks follow
    within a few multiples of 1/tau updates. count = 0 is neutral.

    Paper against here: the paper resets every 2e5 of 1e6 updates, in SAC both players, and scores
    training throughout; with its last reset at 80 % of a short budget the score would be of its
    recovery. Its code builds a new agent; here target networks follow the critic. A GAN has no
    memory that outlives a reset of both, so that there it is the critic's.
    """

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        if not count:
            return new
        half = context.task.updates // 2
        period = max(1, half // count)
        now = (new.step % period == 0) & (new.step <= period * min(count, half))
        anew = context.init(rng.fold(context.key, "anew"))
        drawn = tmap(lambda a, b: torch.where(now, a, b), anew, new)
        return new.with_players(drawn, context.mine)

    return Strategy(
        name="resets",
        roles=ALL if both else ("critic",),
        scopes=ALL,
        accept=accept,
        after=("critic_steps", "freeze_learning"),
    )
