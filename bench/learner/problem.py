"""What is learned: a two-player game in which an actor is judged by a critic.

A GAN is the special case discount = 0 with rewards 0 and 1 (Pfau and Vinyals, 2016, arXiv
1610.01945): the environment shows the critic the actor's sample (reward 0) or a real one
(reward 1). Problems differ only through the methods of `Problem`; the learner never asks whether
it is training a GAN.

Shapes: B rows of experience, O numbers per observation (0 if stateless), A numbers per action.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.optim import Optimizer

Domain = Literal["gan", "rl", "game"]
Role = Literal["critic", "actor", "target"]
Act = Callable[[Tensor, Tensor], Tensor]
"""(observations [B, O], key) -> the actor's actions [B, A]."""


class Experience(NamedTuple):
    """Rows of what was seen: in `obs`, `action` was taken (or shown), giving `reward`.

    `discount` is the weight of the value of `next_obs`: 0 after a termination, the task's discount
    otherwise, also after a truncation. The rows that carry the actor's mark come first.
    """

    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    reward: Tensor  # [B]
    next_obs: Tensor  # [B, O]
    discount: Tensor  # [B]


class Halves(NamedTuple):
    """The two sides that a critic compares at the same observations."""

    obs: Tensor  # [H, O]
    data: Tensor  # [H, A] real samples; in RL the actions of the batch
    own: Tensor  # [H, A] the actor's samples; in RL what the actor would do now


class CriticQuery(NamedTuple):
    """Observations and actions that a critic is asked about, and what it is to answer.

    `role` says what for: "critic" to regress on `target`, "actor" to judge the actor, "target" to
    value the next action in the critic's target. Only the first has `target` and `uninformed`.
    """

    role: Role
    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    target: Tensor  # [B]
    uninformed: Tensor  # scalar: the answer of a critic that has learned nothing
    weight: Tensor | float = 1.0  # [B] how much each row counts in the loss
    offset: Tensor | float = 0.0  # [B] subtracted from the critic's outputs before the loss

    @classmethod
    def without_target(cls, role: Role, obs: Tensor, action: Tensor) -> CriticQuery:
        """A query of which only the answers are wanted."""
        nothing = torch.zeros(())
        return cls(role, obs, action, nothing, nothing)


def critic_inputs(pairs: Experience | CriticQuery) -> Tensor:
    """Observations and actions side by side, as a critic's network is given them [B, O + A]."""
    return torch.cat([pairs.obs, pairs.action], dim=1)


@dataclass(frozen=True)
class Player:
    """One network and its optimizer, before anything is built."""

    net: Net
    optimizer: Optimizer


@dataclass(frozen=True)
class Blueprint:
    """Both players before anything is built.

    The critic's network ends in one number per row, or in one for each of its heads. Every head
    learns by itself; where one number is asked for, `heads` says how they are reduced. With
    `joint`, what the critic learns from and what its target needs pass through a network together,
    so that statistics of a batch are of both.
    """

    actor: Player
    critic: Player
    heads: Literal["min", "mean"] = "min"
    joint: bool = False
    extra_noise: int = 0  # numbers of fresh noise in the actor's input beside the task's

    def reduce_heads(self, outputs: Tensor) -> Tensor:
        """One number [B] from the outputs of all heads [B, heads]."""
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return outputs.amin(dim=1) if self.heads == "min" else outputs.mean(dim=1)

    def with_critic_net(self, change: Callable[[Net], Net]) -> Blueprint:
        """The blueprint with another critic network."""
        return replace(self, critic=replace(self.critic, net=change(self.critic.net)))


class Problem(ABC):
    """Networks, experience and losses. The defaults suit a stateless game."""

    name: ClassVar[str]
    domain: ClassVar[Domain]
    kinds: ClassVar[tuple[str, ...]] = ()  # families whose published settings differ: "toy", ...
    obs_size: ClassVar[int] = 0
    action_size: ClassVar[int]
    noise_size: ClassVar[int] = 0  # numbers of fresh noise in the actor's input
    batch_rows: ClassVar[int]  # the actor's rows in a full batch: what a replay draws
    discount: ClassVar[float] = 0.0
    updates: ClassVar[int]  # the budget
    warmup: ClassVar[int] = 0  # first updates, which only gather experience: nobody moves
    steps_per_update: ClassVar[int] = 1  # environment steps; 1 without an environment
    step_unit: ClassVar[str] = "update"  # what a step is: "update" or "environment step"
    image_shape: ClassVar[tuple[int, ...] | None] = None  # (channels, height, width) of an action
    environment: ClassVar[Any] = None  # Gymnasium's id, or run seeds -> a vector environment
    reward_scale: ClassVar[float] = 1.0  # the learner sees reward * reward_scale

    @abstractmethod
    def blueprint(self) -> Blueprint:
        """Both players as they are with every switch off."""

    @abstractmethod
    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The newest experience at update number `step` (int64 scalar, 0 is the first).

        `seen` is what an environment showed, and blank without one.
        """

    @abstractmethod
    def own(self, fresh: Experience) -> int:
        """How many of the first rows of a fresh experience are the actor's doing."""

    @abstractmethod
    def actor_obs(self, batch: Experience) -> Tensor:
        """The observations [B', O] that the actor's loss asks it to answer."""

    @abstractmethod
    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """The two sides of a batch."""

    @abstractmethod
    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """Loss per row [B] of the critic's outputs q [B]."""

    @abstractmethod
    def actor_loss(self, q: Tensor) -> Tensor:
        """Loss per row [B] of the actor, through the critic's outputs at its actions."""

    @abstractmethod
    def value(self, q: Tensor) -> Tensor:
        """The critic's output on the scale of the reward, for bootstrapping."""

    @abstractmethod
    def uninformed(self, target: Tensor) -> Tensor:
        """The answer, a scalar, of a critic that has learned nothing."""

    def blank(self, rows: int) -> Experience:
        """Experience of zeros, to size a memory by."""
        return Experience(
            obs=torch.zeros(rows, self.obs_size),
            action=torch.zeros(rows, self.action_size),
            reward=torch.zeros(rows),
            next_obs=torch.zeros(rows, self.obs_size),
            discount=torch.zeros(rows),
        )

    def explore(self, action: Tensor, key: Tensor, step: Tensor) -> Tensor:
        """The action [B, A] tried in the environment at this update: here the actor's own."""
        return action
