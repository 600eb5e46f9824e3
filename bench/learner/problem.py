"""Learning problems: two-player games of an actor and a critic that evaluates its actions.

A GAN is the special case discount = 0 with rewards 0 and 1 (Pfau and Vinyals, 2016, arXiv
1610.01945): the environment shows the critic the actor's sample (reward 0) or a real one
(reward 1). Problems differ only in the methods of `Problem`; the learner never asks whether it is
training a GAN.

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

EnvironmentLibrary = Literal["gymnasium", "envpool"]
"""They integrate some environments differently: numbers by one do not compare with the other's."""

Domain = Literal["gan", "rl", "game"]
Role = Literal["critic", "actor", "target"]
Act = Callable[[Tensor, Tensor], Tensor]
"""(observations [B, O], key) -> the actor's actions [B, A]."""


class Experience(NamedTuple):
    """A batch of transitions: at `obs`, `action` was taken (or a sample shown), giving `reward`.

    `discount` is the weight of the value of `next_obs`: 0 after a termination, the task's discount
    otherwise, also after a truncation. The rows that the actor produced come first.
    """

    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    reward: Tensor  # [B]
    next_obs: Tensor  # [B, O]
    discount: Tensor  # [B]


class Halves(NamedTuple):
    """The data half and the actor's half of a batch, at the same observations."""

    obs: Tensor  # [H, O]
    data: Tensor  # [H, A] real samples; in RL the actions of the batch
    own: Tensor  # [H, A] the actor's samples; in RL its present actions


class CriticQuery(NamedTuple):
    """Inputs of the critic in one term of a loss, and the targets that it is regressed on.

    `role` is their purpose: "critic" to regress the critic on `target`, "actor" to evaluate the
    actor's actions in its loss, "target" to value the next actions in the TD target. Only the first
    has `target` and `uninformed`.
    """

    role: Role
    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    target: Tensor  # [B]
    uninformed: Tensor  # scalar: the prediction of a critic that has learned nothing
    weight: Tensor | float = 1.0  # [B] how much each row counts in the loss
    offset: Tensor | float = 0.0  # [B] subtracted from the critic's outputs before the loss

    @classmethod
    def without_target(cls, role: Role, obs: Tensor, action: Tensor) -> CriticQuery:
        """Return a query without a target: `target` and `uninformed` are 0 and unused."""
        nothing = torch.zeros(())
        return cls(role, obs, action, nothing, nothing)


def critic_inputs(pairs: Experience | CriticQuery) -> Tensor:
    """Concatenate observations and actions to inputs [B, O + A] of a critic's network."""
    return torch.cat([pairs.obs, pairs.action], dim=1)


@dataclass(frozen=True)
class Player:
    """One network and its optimizer, before parameters are created."""

    net: Net
    optimizer: Optimizer


@dataclass(frozen=True)
class Blueprint:
    """Both players' networks and optimizers, before parameters are created.

    The critic's network outputs one number per row, or one for each of its heads. Every head has a
    loss of its own; where one number is needed, `heads` says how they are reduced. With `joint`,
    the rows of the critic's loss and those of its TD target go through a network in one batch, so
    that batch statistics are over both.
    """

    actor: Player
    critic: Player
    heads: Literal["min", "mean"] = "min"
    joint: bool = False
    extra_noise: int = 0  # numbers of fresh noise in the actor's input beside the task's

    def reduce_heads(self, outputs: Tensor) -> Tensor:
        """Reduce the outputs of all heads [B, heads] to one number for each row [B]."""
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return outputs.amin(dim=1) if self.heads == "min" else outputs.mean(dim=1)

    def with_critic_net(self, change: Callable[[Net], Net]) -> Blueprint:
        """Return the blueprint with `change` applied to the critic's network."""
        return replace(self, critic=replace(self.critic, net=change(self.critic.net)))


class Problem(ABC):
    """Networks, experience and losses. The defaults suit a stateless game."""

    name: ClassVar[str]
    domain: ClassVar[Domain]
    kinds: ClassVar[tuple[str, ...]] = ()  # families whose published settings differ: "toy", ...
    obs_size: ClassVar[int] = 0
    action_size: ClassVar[int]
    noise_size: ClassVar[int] = 0  # numbers of fresh noise in the actor's input
    batch_rows: ClassVar[int]  # the actor's rows in a batch: what a replay buffer draws
    discount: ClassVar[float] = 0.0
    updates: ClassVar[int]  # the budget
    warmup: ClassVar[int] = 0  # first updates, which gather experience and change no parameters
    steps_per_update: ClassVar[int] = 1  # environment steps; 1 without an environment
    step_unit: ClassVar[str] = "update"  # what a step is: "update" or "environment step"
    image_shape: ClassVar[tuple[int, ...] | None] = None  # (channels, height, width) of an action
    environment: ClassVar[Any] = None  # Gymnasium's id, or run seeds -> a vector environment
    environment_library: ClassVar[EnvironmentLibrary] = "gymnasium"  # what steps it
    reward_scale: ClassVar[float] = 1.0  # the learner sees reward * reward_scale

    @abstractmethod
    def blueprint(self) -> Blueprint:
        """Return both players without any strategy."""

    @abstractmethod
    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """Return the newest experience at update number `step` (int64 scalar, 0 is the first).

        `seen` is the environment's experience since the last update; zeros without an environment.
        """

    @abstractmethod
    def own(self, fresh: Experience) -> int:
        """Return how many of the first rows of a fresh experience the actor produced."""

    @abstractmethod
    def actor_obs(self, batch: Experience) -> Tensor:
        """Return the observations [B', O] at which the actor's loss is computed."""

    @abstractmethod
    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """Return the data half and the actor's half of a batch."""

    @abstractmethod
    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """Return the critic's loss per row [B] from its outputs q [B] and their targets [B]."""

    @abstractmethod
    def actor_loss(self, q: Tensor) -> Tensor:
        """Return the actor's loss per row [B] from the critic's outputs q [B] for its actions."""

    @abstractmethod
    def value(self, q: Tensor) -> Tensor:
        """Return the critic's outputs [B] on the scale of the reward, for bootstrapping."""

    @abstractmethod
    def uninformed(self, target: Tensor) -> Tensor:
        """Return the prediction, a scalar, of a critic that has learned nothing of targets [B]."""

    def blank(self, rows: int) -> Experience:
        """Return experience of zeros, which has the shapes of the task's."""
        return Experience(
            obs=torch.zeros(rows, self.obs_size),
            action=torch.zeros(rows, self.action_size),
            reward=torch.zeros(rows),
            next_obs=torch.zeros(rows, self.obs_size),
            discount=torch.zeros(rows),
        )

    def explore(self, action: Tensor, key: Tensor, step: Tensor) -> Tensor:
        """Return the actions [B, A] to step the environment with; unchanged unless overridden."""
        return action
