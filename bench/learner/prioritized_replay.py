"""A replay buffer that draws rows in proportion to their priorities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Experience, Problem
from bench.learner.replay import ReplayBuffer
from bench.learner.strategy import PostUpdateContext


class PrioritizedReplayBuffer(NamedTuple):
    """A replay buffer with a priority for each row (Schaul et al., 2016, arXiv 1511.05952)."""

    buffer: ReplayBuffer
    priority: Tensor  # [capacity], 0 where nothing was written

    @classmethod
    def empty(cls, problem: Problem, capacity: int, key: Tensor) -> PrioritizedReplayBuffer:
        """Return an empty buffer; `key` is that of `init_memory`."""
        buffer = ReplayBuffer.empty(problem, capacity, key)
        return cls(buffer, torch.zeros(capacity) + 0.0 * key)

    def draw(self, key: Tensor, count: int, alpha: float) -> tuple[Tensor, Tensor]:
        """Draw indices [count] with probability in proportion to priority^alpha; return both.

        The same key gives the same draws. In double precision: a float32 sum over a million rows
        would lose single ones, and a float32 draw has 24 bits, too few to tell a million rows
        apart.
        """
        high, low = (
            rng.uniform(rng.fold(key, name), (count,)).double() for name in ("high", "low")
        )
        mass = torch.where(self.priority > 0.0, self.priority**alpha, 0.0).double()
        total = mass.cumsum(dim=0)
        height = (high + low * 2.0**-24) * total[-1]
        indices = torch.searchsorted(total, height, right=True)
        indices = indices.clamp(max=self.buffer.capacity - 1)
        probability = mass[indices] / total[-1].clamp(min=1e-30)
        return indices, probability.to(self.priority.dtype)

    def with_priorities(self, indices: Tensor, priority: Tensor) -> PrioritizedReplayBuffer:
        """Set the priorities [n] at indices [n] in place, and return the buffer."""
        return self._replace(priority=self.priority.index_put_((indices,), priority))

    def append(self, own: Experience) -> PrioritizedReplayBuffer:
        """Append rows in place with the current maximum priority, at least 1; return the buffer."""
        highest = torch.maximum(self.priority.amax(), torch.ones(()))
        indices = self.buffer.next_indices(own.reward.shape[0])
        changed = self.with_priorities(indices, highest.expand(indices.shape))
        return changed._replace(buffer=self.buffer.append(own))


def td_targets(player: str, shown: Experience, context: PostUpdateContext) -> Tensor:
    """Return a critic's TD targets [n], reward + discount * value(next q), as all players are now.

    `shown` is what it is shown of the rows.
    """
    rules = context.task.rules(player)
    if rules.discount == 0.0:
        return shown.reward
    action = context.act(shown.next_obs, rng.fold(context.key, "next"))
    next_q = context.q(player, shown.next_obs, action)
    return shown.reward + shown.discount * rules.value(next_q)
