"""A replay buffer of the experience that the actor produced, for strategies that replay it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.problem import Experience, Problem


class ReplayBuffer(NamedTuple):
    """A replay buffer of fixed capacity: new rows of experience overwrite the oldest ones."""

    rows: Experience  # [capacity, ...]
    written: Tensor  # int64 scalar: how many rows were ever written

    @classmethod
    def empty(cls, problem: Problem, capacity: int, key: Tensor) -> ReplayBuffer:
        """Return an empty buffer; `key` is that of `init_memory`.

        Its value does not matter: it makes `vmap` over keys give each seed a counter of its own.
        """
        return cls(problem.blank(capacity), torch.zeros_like(key))

    @property
    def capacity(self) -> int:
        """How many rows it can hold."""
        return self.rows.reward.shape[0]

    def size(self, new: int) -> Tensor:
        """Return how many rows (int64 scalar) it will hold after `new` more have been appended."""
        return (self.written + new).clamp(max=self.capacity)

    def next_indices(self, new: int) -> Tensor:
        """Return the indices [new] at which the next `new` rows will be written."""
        return (self.written + torch.arange(new, device=self.written.device)) % self.capacity

    def take(self, indices: Tensor, own: Experience) -> Experience:
        """Return the rows at indices [N] of the buffer as it will be once `own` is appended."""
        new = own.reward.shape[0]
        age = (indices - self.written) % self.capacity
        unwritten = age < new

        def chosen(stored: Tensor, newest: Tensor) -> Tensor:
            recent = newest[age.clamp(max=new - 1)]
            mask = unwritten.reshape(-1, *[1] * (newest.dim() - 1))
            return torch.where(mask, recent, stored[indices])

        return tmap(chosen, self.rows, own)

    def append(self, own: Experience) -> ReplayBuffer:
        """Append rows in place and return the buffer (see the law in `bench.learner.strategy`).

        Raises ValueError if there are more rows than its capacity.
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
    """Return the rows of an experience that the actor produced."""
    return tmap(lambda leaf: leaf[: problem.own(experience)], experience)
