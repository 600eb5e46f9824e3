"""Experience replay: draw a share of the batch from a buffer of past experience."""

import torch

from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner.problem import Experience
from bench.learner.replay import ReplayBuffer, own_rows
from bench.learner.strategy import ALL, LossContext, PostUpdateContext, StartContext, Strategy
from bench.learner.task import data_only

HOME = "rl"
SOURCE = "Lin, 1992; Mnih et al., 2015; for GANs Shrivastava et al., 2017, arXiv 1612.07828"
AT_HOME = {
    "claim": "it breaks correlations, and learns from few steps",
    "cell": "pendulum/reference",
    "against": "pendulum/reference-replay",
}
NEUTRAL = {"share": 0.0, "capacity": 100}
IDLE_BESIDE = {"prioritised": "its draws take the place of these"}
SEARCH = {"share": (0.25, 0.5, 1.0)}
ACTIVE = {"capacity": 100}  # a few updates need no more; the buffers of big tasks are large
DEFAULTS = {
    "gan": {"share": 0.5},  # SimGAN: half of the generated half
    "small_locomotion": {"capacity": 40_000},
    "reacher_many": {"capacity": 32_000},  # a step's transition is stored at each of its updates
    "locomotion": {"capacity": 1_000_000},
}


def replay(*, share: float = 1.0, capacity: int = 20_000) -> Strategy:
    """Experience replay: draw a share of the batch from a buffer of past experience.

    Of the actor's `batch_rows` rows, round(share * batch_rows) are drawn uniformly from the last
    `capacity` rows that it made, the newest included; the newest rows fill the rest as far as they
    go. In RL these are transitions, in a GAN past samples; real samples are always new. share = 0
    is neutral. By default all rows are drawn in RL (DDPG), and half of them in a GAN (SimGAN).
    Raises ValueError if the buffer cannot hold the rows of one update.

    Paper against here: DQN and DDPG keep 1e6 transitions, as do the locomotion tasks here; the
    others keep all that they make.
    """

    def init_memory(context: StartContext) -> ReplayBuffer:
        return ReplayBuffer.empty(context.task, capacity, context.key)

    def batch(value: Experience, context: LossContext) -> Experience:
        own = own_rows(context.task, value)
        made = own.reward.shape[0]
        drawn = round(share * context.task.batch_rows)
        kept = min(made, context.task.batch_rows - drawn) if drawn else made
        indices = rng.integers(rng.fold(context.key, "draw"), (drawn,), context.memory.size(made))
        past = context.memory.take(indices, own)
        return tmap(
            lambda new, old, every: torch.cat([new[:kept], old, every[made:]]), own, past, value
        )

    def update_memory(memory: ReplayBuffer, context: PostUpdateContext) -> ReplayBuffer:
        return memory.append(own_rows(context.task, context.fresh))

    return Strategy(
        name="replay",
        roles=ALL,
        batch=batch,
        init_memory=init_memory,
        update_memory=update_memory,
        inert=data_only,
    )
