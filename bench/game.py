"""What the learner and the strategies know of a task: an actor-critic game, with or without state.

A GAN is the special case discount = 0 with rewards 0 and 1 (Pfau and Vinyals, 2016, arXiv
1610.01945): the environment shows the critic the actor's sample (reward 0) or a real one
(reward 1). Tasks differ only through the methods below; nothing above this file asks whether it
is looking at a GAN.

Shapes: B rows of experience, O numbers per observation (0 if stateless), A numbers per action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from bench.nets import Net
from bench.optim import Optimizer

Domain = Literal["gan", "rl", "game"]
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


class Examples(NamedTuple):
    """What a network's loss is computed on. The actor's loss has no target."""

    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    target: Tensor  # [B]
    anchor: Tensor  # scalar: the answer of a critic that knows nothing


@dataclass(frozen=True)
class Player:
    """One network and its optimizer, before anything is built."""

    net: Net
    optimizer: Optimizer


@dataclass(frozen=True)
class Blueprint:
    """Both players. The critic's net ends in one number per row."""

    actor: Player
    critic: Player


@dataclass(frozen=True)
class Metric:
    """One reported number: what it is, and which direction is better."""

    name: str
    unit: str
    better: Literal["higher", "lower"]


class Task(Protocol):
    """A game to train on, together with how it is scored. One file in `tasks/` each."""

    name: ClassVar[str]
    domain: ClassVar[Domain]
    kinds: ClassVar[tuple[str, ...]]  # families whose published settings differ: "toy", "image"
    obs_size: ClassVar[int]
    action_size: ClassVar[int]
    noise_size: ClassVar[int]  # numbers of fresh noise in the actor's input
    batch_rows: ClassVar[int]  # the actor's rows in a full batch: what a replay draws
    discount: ClassVar[float]
    updates: ClassVar[int]  # the budget
    evaluations: ClassVar[int]  # equally spaced, besides the one before the first update
    window: ClassVar[int]  # the score is the mean over this many last evaluations
    steps_per_update: ClassVar[int]  # environment steps; 1 without an environment
    step_unit: ClassVar[str]  # what a step is: "update" or "environment step"
    metrics: ClassVar[tuple[Metric, ...]]  # the first one is the score
    seconds: ClassVar[float]  # what a bare cell of 10 seeds costs on one core
    environment: ClassVar[Any]  # None, or how `bench.environments` makes one
    samples: ClassVar[int]  # actions drawn for an evaluation; 0: by episodes instead

    def blueprint(self) -> Blueprint:
        """Both players as they are with every switch off."""
        ...

    def blank(self, rows: int) -> Experience:
        """Experience of zeros, to size a memory by."""
        ...

    def fresh(self, act: Act, key: Tensor, seen: Experience) -> Experience:
        """The newest experience; `seen` is what an environment showed (blank without one)."""
        ...

    def own(self, fresh: Experience) -> int:
        """How many of the first rows of a fresh experience are the actor's doing."""
        ...

    def explore(self, action: Tensor, key: Tensor) -> Tensor:
        """The action [B, A] that is tried in the environment at this update."""
        ...

    def actor_obs(self, batch: Experience) -> Tensor:
        """The observations [B', O] that the actor's loss asks it to answer."""
        ...

    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """The two sides of a batch."""
        ...

    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """Loss per row [B] of the critic's outputs q [B]."""
        ...

    def actor_loss(self, q: Tensor) -> Tensor:
        """Loss per row [B] of the actor, through the critic's outputs at its actions."""
        ...

    def value(self, q: Tensor) -> Tensor:
        """The critic's output on the scale of the reward, for bootstrapping."""
        ...

    def anchor(self, target: Tensor) -> Tensor:
        """The answer of a critic that knows nothing, a scalar."""
        ...

    def judge(self, actions: Any, core: Any) -> dict[str, float]:
        """Metrics of one seed from numpy actions [samples, A] (unused with an environment)."""
        ...

    def judge_episodes(
        self, start: Any, returns: Any, discounted: Any, predicted: Any, lengths: Any
    ) -> dict[str, float]:
        """Metrics of one seed from full episodes (only with an environment, if `samples` is 0)."""
        ...

    def data_hash(self) -> str:
        """What the task reads besides its code: a hash of data and weights, or ""."""
        ...


class Game:
    """The defaults that most tasks share: blind to noise, learning from all it is given."""

    kinds: ClassVar[tuple[str, ...]] = ()
    obs_size: ClassVar[int] = 0
    action_size: ClassVar[int]
    noise_size: ClassVar[int] = 0
    batch_rows: ClassVar[int]
    discount: ClassVar[float] = 0.0
    evaluations: ClassVar[int] = 10
    window: ClassVar[int] = 3
    steps_per_update: ClassVar[int] = 1
    step_unit: ClassVar[str] = "update"
    environment: ClassVar[Any] = None
    samples: ClassVar[int] = 0

    def blank(self, rows: int) -> Experience:
        """Experience of zeros, to size a memory by."""
        return Experience(
            obs=torch.zeros(rows, self.obs_size),
            action=torch.zeros(rows, self.action_size),
            reward=torch.zeros(rows),
            next_obs=torch.zeros(rows, self.obs_size),
            discount=torch.zeros(rows),
        )

    def explore(self, action: Tensor, key: Tensor) -> Tensor:
        """No exploration beyond the actor's own noise."""
        return action

    def judge(self, actions: Any, core: Any) -> dict[str, float]:
        """Nothing to say about samples."""
        return {}

    def judge_episodes(
        self, start: Any, returns: Any, discounted: Any, predicted: Any, lengths: Any
    ) -> dict[str, float]:
        """Nothing to say about episodes."""
        return {}

    def data_hash(self) -> str:
        """No data beyond the code."""
        return ""
