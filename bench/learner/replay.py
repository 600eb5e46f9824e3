"""A ring of the newest experience of the actor's making, for strategies that replay it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.problem import Experience
from bench.learner.task import Task


class ReplayBuffer(NamedTuple):
    """The last rows, the oldest of which is overwritten next."""

    rows: Experience  # [capacity, ...]
    written: Tensor  # int64 scalar: how many rows were ever written

    @property
    def capacity(self) -> int:
        """How many rows it holds."""
        return self.rows.reward.shape[0]

    def filled(self, made: int) -> Tensor:
        """How many places hold rows, int64 scalar, once `made` more have been written."""
        return (self.written + made).clamp(max=self.capacity)

    def newest(self, made: int) -> Tensor:
        """The places [made] of the next `made` rows."""
        return (self.written + torch.arange(made, device=self.written.device)) % self.capacity

    def take(self, places: Tensor, own: Experience) -> Experience:
        """The rows at some places [N]; those of `own`, which will be written next, among them."""
        made = own.reward.shape[0]
        age = (places - self.written) % self.capacity
        unwritten = age < made

        def chosen(ring: Tensor, new: Tensor) -> Tensor:
            recent = new[age.clamp(max=made - 1)]
            return torch.where(unwritten.reshape(-1, *[1] * (new.dim() - 1)), recent, ring[places])

        return tmap(chosen, self.rows, own)

    def append(self, own: Experience) -> ReplayBuffer:
        """The ring with these rows, written in place: see the law on memory in `bench.learner.strategy`.

        Raises ValueError if it cannot hold them.
        """
        made = own.reward.shape[0]
        if made > self.capacity:
            raise ValueError(
                f"a replay of {self.capacity} rows cannot hold the {made} of one update"
            )
        places = self.newest(made)
        rows = tmap(lambda ring, new: ring.index_put_((places,), new), self.rows, own)
        return ReplayBuffer(rows, self.written + made)


def empty(task: Task, capacity: int, key: Tensor) -> ReplayBuffer:
    """A ring without rows."""
    return ReplayBuffer(task.blank(capacity), torch.zeros_like(key))


def owned(task: Task, experience: Experience) -> Experience:
    """The rows of an experience that the actor made."""
    return tmap(lambda leaf: leaf[: task.own(experience)], experience)
