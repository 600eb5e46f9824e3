"""A memory that knows how much each of its rows is wanted, and draws by it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner import replay
from bench.learner.problem import Experience
from bench.learner.strategy import PostUpdateContext
from bench.learner.task import Task


class Memory(NamedTuple):
    """Past rows, and how much each is wanted."""

    ring: replay.ReplayBuffer
    priority: Tensor  # [capacity], 0 where nothing was written

    def draw(self, key: Tensor, count: int, alpha: float) -> tuple[Tensor, Tensor]:
        """Places and probabilities [count] of draws by priority^alpha, the same for the same key.

        In double precision: a sum of a million float32 numbers would lose single ones, and a
        float32 draw has 24 bits, too few to tell a million rows apart.
        """
        high, low = (
            rng.uniform(rng.fold(key, name), (count,)).double() for name in ("high", "low")
        )
        wanted = torch.where(self.priority > 0.0, self.priority**alpha, 0.0).double()
        total = wanted.cumsum(dim=0)
        height = (high + low * 2.0**-24) * total[-1]
        places = torch.searchsorted(total, height, right=True)
        places = places.clamp(max=self.ring.capacity - 1)
        chance = wanted[places] / total[-1].clamp(min=1e-30)
        return places, chance.to(self.priority.dtype)

    def told(self, places: Tensor, priority: Tensor) -> Memory:
        """The memory with other priorities [n] at some places, written in place like the ring."""
        return self._replace(priority=self.priority.index_put_((places,), priority))

    def append(self, own: Experience) -> Memory:
        """The memory with new rows, which are wanted like the most wanted ones, 1 at least."""
        highest = torch.maximum(self.priority.amax(), torch.ones(()))
        places = self.ring.newest(own.reward.shape[0])
        told = self.told(places, highest.expand(places.shape))
        return told._replace(ring=self.ring.append(own))


def empty(task: Task, capacity: int, key: Tensor) -> Memory:
    """A memory without rows."""
    return Memory(replay.empty(task, capacity, key), torch.zeros(capacity) + 0.0 * key)


def targets(rows: Experience, context: PostUpdateContext) -> Tensor:
    """y = reward + discount * value(next q) [n], by both players as they are after the update."""
    if context.task.discount == 0.0:
        return rows.reward
    action = context.act(context.new.actor, rows.next_obs, rng.fold(context.key, "next"))
    ahead = context.q(context.new.critic, rows.next_obs, action)
    return rows.reward + rows.discount * context.task.value(ahead)
