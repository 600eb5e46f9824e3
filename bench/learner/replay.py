"""A replay buffer: the newest experience of the actor's making, for strategies that replay it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.problem import Experience, Problem


class ReplayBuffer(NamedTuple):
    """A ring buffer of rows, of which the oldest is overwritten next."""

    rows: Experience  # [capacity, ...]
    written: Tensor  # int64 scalar: how many rows were ever written

    @classmethod
    def empty(cls, problem: Problem, capacity: int, key: Tensor) -> ReplayBuffer:
        """A buffer without rows; `key` is that of the memory (see `Strategy.init_memory`)."""
        return cls(problem.blank(capacity), torch.zeros_like(key))

    @property
    def capacity(self) -> int:
        """How many rows it holds."""
        return self.rows.reward.shape[0]

    def size(self, new: int) -> Tensor:
        """How many rows it will hold, int64 scalar, once `new` more have been appended."""
        return (self.written + new).clamp(max=self.capacity)

    def next_indices(self, new: int) -> Tensor:
        """The indices [new] of the next `new` rows."""
        return (self.written + torch.arange(new, device=self.written.device)) % self.capacity

    def take(self, indices: Tensor, own: Experience) -> Experience:
        """The rows at some indices [N], as if `own`, which is appended next, were there already."""
        new = own.reward.shape[0]
        age = (indices - self.written) % self.capacity
        unwritten = age < new

        def chosen(stored: Tensor, newest: Tensor) -> Tensor:
            recent = newest[age.clamp(max=new - 1)]
            mask = unwritten.reshape(-1, *[1] * (newest.dim() - 1))
            return torch.where(mask, recent, stored[indices])

        return tmap(chosen, self.rows, own)

    def append(self, own: Experience) -> ReplayBuffer:
        """The buffer with these rows, written in place (see the law in `bench.learner.strategy`).

        Raises ValueError if it cannot hold them.
        """
        new = own.reward.shape[0]
        if new > self.capacity:
            raise ValueError(
                f"a replay of {self.capacity} rows cannot hold the {new} of one update"
            )
        indices = self.next_indices(new)
        rows = tmap(lambda stored, newest: stored.index_put_((indices,), newest), self.rows, own)
        return ReplayBuffer(rows, self.written + new)


def own_rows(problem: Problem, experience: Experience) -> Experience:
    """The rows of an experience that the actor made."""
    return tmap(lambda leaf: leaf[: problem.own(experience)], experience)
