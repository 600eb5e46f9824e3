"""Prioritised replay: draw past experience in proportion to its TD error to the power alpha."""

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.contexts import Context
from bench.learner.prioritized_replay import PrioritizedReplayBuffer, td_targets
from bench.learner.problem import CriticQuery, Experience
from bench.learner.replay import ReplayBuffer, own_rows
from bench.learner.strategy import (
    ALL,
    LossContext,
    PostUpdateContext,
    StartContext,
    Strategy,
)
from bench.learner.task import data_only

HOME = "rl"
SOURCE = "Schaul et al., 2016, arXiv 1511.05952, section 3.3"
AT_HOME = {
    "claim": "rows with large errors teach more",
    "cell": "halfcheetah_small/reference-replay+prioritised",
    "against": "halfcheetah_small/reference",
    "cause": "chosen on five seeds on which it won; on these ten, which spread widely, it does not",
}
NEUTRAL = {"share": 0.0, "capacity": 100}
INSTEAD_OF = ("replay",)  # Schaul et al.: instead of uniform draws
ACTIVE = {"capacity": 100}  # a few updates need no more; the buffers of big tasks are large
DEFAULTS = {  # as for `replay`
    "gan": {"share": 0.5},
    "small_locomotion": {"capacity": 40_000},
    "reacher_many": {"capacity": 32_000},
    "locomotion": {"capacity": 1_000_000},
}
AFTER = (
    *("replay", "target_smoothing", "diff_augment", "instance_noise"),
    *("label_smoothing", "entropy", "huber"),
)
SEARCH = {"alpha": (0.3, 0.6, 1.0), "beta": (0.4, 1.0)}


def prioritised(
    *, share: float = 1.0, alpha: float = 0.6, beta: float = 0.4, capacity: int = 20_000
) -> Strategy:
    """Prioritised replay: draw past experience in proportion to its TD error to the power alpha.

    As `replay`, but only rows from before this update are drawn, row i with P_i = p_i^alpha / sum_j
    p_j^alpha. p_i = |y_i - value(q_i)| + 1e-6 from when it was last drawn; new rows get the current
    maximum priority, and at least 1. In the critic's loss a drawn row has the importance weight
    (rows * P_i)^-b, divided by the largest of the draw, where b grows from beta to 1 over the run.
    share = 0 is neutral. Together with `replay`, these draws replace its own.

    Paper against here: the paper also cuts the step size to a quarter, which is left to `ttur`. In
    a GAN the error of a past sample is how real the critic still finds it.
    """

    def drawn(context: Context) -> tuple[Tensor, Tensor]:
        return context.memory.draw(context.key, round(share * context.task.batch_rows), alpha)

    def batch(value: Experience, context: LossContext) -> Experience:
        return with_past_rows(value, drawn(context)[0], context) if share else value

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        if value.purpose != "critic" or not share:
            return value
        done = (context.players.step / context.task.updates).clamp(max=1.0)
        exponent = beta + (1.0 - beta) * done
        weight = importance_weights(context.memory.buffer, drawn(context)[1], exponent)
        before = context.rules.own(context.batch) - weight.shape[0]
        data = context.batch.reward.shape[0] - context.rules.own(context.batch)
        full = torch.nn.functional.pad(weight - 1.0, (before, data)) + 1.0
        return value._replace(weight=value.weight * full)

    def init_memory(context: StartContext) -> PrioritizedReplayBuffer:
        return PrioritizedReplayBuffer.empty(context.task, capacity, context.key)

    def update_memory(
        memory: PrioritizedReplayBuffer, context: PostUpdateContext
    ) -> PrioritizedReplayBuffer:
        if share:
            indices, _ = drawn(context)
            rows = tmap(lambda leaf: leaf[indices], memory.buffer.rows)
            error = td_errors(context, rows) + 1e-6
            # An index drawn twice gets the same error twice; an empty buffer keeps priorities of 0.
            priority = torch.where(memory.buffer.written > 0, error, 0.0)
            memory = memory.with_priorities(indices, priority)
        return memory.append(own_rows(context.task, context.fresh))

    return Strategy(
        name="prioritised",
        roles=ALL,
        init_memory=init_memory,
        batch=batch,
        critic_query=critic_query,
        update_memory=update_memory,
        inert=data_only,
        after=AFTER,
    )


def with_past_rows(value: Experience, indices: Tensor, context: LossContext) -> Experience:
    """The experience [B] with past rows at `indices` in place of some of the actor's newest.

    While nothing has been stored, the newest rows are repeated instead.
    """
    # context.batch is the newest experience; `value` may have been changed by other strategies.
    own, buffer = own_rows(context.task, context.batch), context.memory.buffer
    made, count = own.reward.shape[0], indices.shape[0]
    kept = max(0, min(made, context.task.batch_rows - count))
    newest = torch.arange(count, device=indices.device) % made

    def mixed(rows: Tensor, new: Tensor, every: Tensor) -> Tensor:
        past = torch.where(buffer.written > 0, rows[indices], new[newest])
        return torch.cat([new[:kept], past, every[context.task.own(value) :]])

    return tmap(mixed, buffer.rows, own, value)


def importance_weights(buffer: ReplayBuffer, probability: Tensor, exponent: Tensor) -> Tensor:
    """(rows * probability)^-exponent [n], divided by the largest; 1 while the buffer is empty."""
    rows = buffer.size(0).clamp(min=1)
    weight = (rows * probability).clamp(min=1e-30) ** -exponent
    return torch.where(buffer.written > 0, weight / weight.amax(), 1.0)


def td_errors(context: PostUpdateContext, rows: Experience) -> Tensor:
    """The absolute TD errors [n] of rows, by all players as they are now.

    They are the errors of the critic that alone replays them, or else of the actor's judge.
    """
    alone = len(context.mine) == 1 and context.mine[0] in context.task.having("critic")
    critic = context.mine[0] if alone else "critic"
    count, made = rows.reward.shape[0], context.task.own(context.fresh)
    if made < context.fresh.reward.shape[0]:  # a batch is shown whole, with its data
        places = torch.arange(made, device=rows.reward.device) % count
        rows = tmap(lambda own, new: torch.cat([own[places], new[made:]]), rows, context.fresh)
    shown = tmap(lambda leaf: leaf[:count], context.shown(critic, context.new, rows))
    said = context.task.rules(critic).value(context.q(critic, shown.obs, shown.action))
    return (td_targets(critic, shown, context) - said).abs()
