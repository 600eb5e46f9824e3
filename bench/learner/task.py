"""What the learner and the strategies know of a task: an actor-critic game, with or without state.

A GAN is the special case discount = 0 with rewards 0 and 1 (Pfau and Vinyals, 2016, arXiv
1610.01945): the environment shows the critic the actor's sample (reward 0) or a real one
(reward 1). Tasks differ only through the methods below; nothing above this file asks whether it
is looking at a GAN.

Shapes: B rows of experience, O numbers per observation (0 if stateless), A numbers per action.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.optim import Optimizer

Array = NDArray[Any]
Domain = Literal["gan", "rl", "game"]
Tier = Literal["core", "full"]
Role = Literal["critic", "actor", "target"]
Act = Callable[[Tensor, Tensor], Tensor]
"""(observations [B, O], key) -> the actor's actions [B, A]."""
Critic = Callable[[Array, Array], Array]
"""(observations [N, O], actions [N, A]) -> one seed's critic outputs [N], all in NumPy."""


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
    """What a critic is asked, and, if it is to learn the answer, what the answer is.

    `role` says who asks: "critic" to regress on `target`, "actor" to be judged, "target" to value
    the next action in the critic's target. Only the first of them has a target and an anchor.
    """

    role: Role
    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    target: Tensor  # [B]
    anchor: Tensor  # scalar: the answer of a critic that knows nothing
    weight: Tensor | float = 1.0  # [B] how much each row counts in the loss
    offset: Tensor | float = 0.0  # [B] taken off the critic's outputs before the loss

    @classmethod
    def asking(cls, role: Role, obs: Tensor, action: Tensor) -> Examples:
        """Questions without answers."""
        nothing = torch.zeros(())
        return cls(role, obs, action, nothing, nothing)


@dataclass(frozen=True)
class Player:
    """One network and its optimizer, before anything is built."""

    net: Net
    optimizer: Optimizer


@dataclass(frozen=True)
class Blueprint:
    """Both players. The critic's net ends in one number per row, or in one for each of its heads.

    Every head learns by itself; where one number is asked for, `heads` says which. With `joint`,
    what the critic learns from and what its target needs are shown to a network together, so that
    statistics of a batch are of both.
    """

    actor: Player
    critic: Player
    heads: Literal["min", "mean"] = "min"
    joint: bool = False
    extra_noise: int = 0  # numbers of fresh noise in the actor's input beside the task's

    def judgement(self, heads: Tensor) -> Tensor:
        """One number [B] from the outputs of all heads [B, heads]."""
        if heads.shape[1] == 1:
            return heads[:, 0]
        return heads.amin(dim=1) if self.heads == "min" else heads.mean(dim=1)


@dataclass(frozen=True)
class Metric:
    """One reported number: what it is, and which direction is better ("neither" for diagnoses)."""

    name: str
    unit: str
    better: Literal["higher", "lower", "neither"]


DIAGNOSES = (
    Metric("critic_loss", "mean since the last evaluation", "neither"),
    Metric("actor_loss", "mean since the last evaluation", "neither"),
    Metric("critic_grad_norm", "mean since the last evaluation", "neither"),
    Metric("actor_grad_norm", "mean since the last evaluation", "neither"),
)
"""What every task reports besides its own metrics, averaged over the updates."""


@dataclass(frozen=True)
class Anchors:
    """Two fixed scores that make tasks comparable: `low` counts as 0, `high` as 1.

    `low` is what an untrained, random or idle player gets, `high` what is known to be attainable;
    `source` says which, and where both come from. `log` interpolates logarithms, as for distances
    whose floor is nearly 0.
    """

    low: float
    high: float
    source: str
    log: bool = False

    def normalised(self, score: float) -> float:
        """The score on the scale from `low` to `high`; beyond them below 0 or above 1."""
        if not self.log:
            return (score - self.low) / (self.high - self.low)
        # A perfect score of 0 has no logarithm: it counts as a thousandth of the best anchor.
        score = max(score, 1e-3 * min(self.low, self.high))
        return math.log(score / self.low) / math.log(self.high / self.low)


class Episodes(NamedTuple):
    """One seed's evaluation episodes E, one number for each."""

    start: Array  # [E, O] the first observations
    returns: Array  # [E] sums of rewards
    discounted: Array  # [E] the same, discounted from the start
    tail: Array  # [E] what the critic expects, discounted, beyond a truncation; 0 if terminated
    predicted: Array  # [E] what the critic said of the policy's first action
    lengths: Array  # [E] steps


class Task(ABC):
    """A game to train on, together with how it is scored. One file in `tasks/` each.

    What has a value here is what most tasks share: a game without state, learnt from all it shows.
    """

    name: ClassVar[str]
    domain: ClassVar[Domain]
    tier: ClassVar[Tier] = "core"  # "full" needs a download, an accelerator, or hours
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
    evaluations: ClassVar[int] = 10  # equally spaced, besides the one before the first update
    window: ClassVar[int] = 3  # the score is the mean over this many last evaluations
    metrics: ClassVar[tuple[Metric, ...]]  # the first one is the score
    anchors: ClassVar[Anchors]  # of the score
    seconds: ClassVar[float]  # what a bare cell of 10 seeds costs on one core
    samples: ClassVar[int] = 0  # actions drawn for an evaluation; 0: by episodes instead
    image_shape: ClassVar[tuple[int, ...] | None] = None  # (channels, height, width) of an action
    environment: ClassVar[Any] = None  # Gymnasium's id, or run seeds -> a vector environment
    episodes: ClassVar[int] = 0  # evaluation episodes per seed, with an environment
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
    def anchor(self, target: Tensor) -> Tensor:
        """The answer of a critic that knows nothing, a scalar."""

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

    def probe(self, rows: int) -> Tensor:
        """The observations [rows, O] at which actions are drawn for an evaluation."""
        return torch.zeros(rows, self.obs_size)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Metrics of one seed from actions [samples, A] at `probe` (if `samples` is not 0)."""
        raise NotImplementedError(f"{self.name} draws samples but does not judge them")

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """Metrics of one seed from full episodes (with an environment, if `samples` is 0)."""
        raise NotImplementedError(f"{self.name} runs episodes but does not judge them")

    def missing(self) -> str | None:
        """Why the task cannot run on this machine and what to do about it, or None."""
        return None

    def sources(self) -> dict[str, str]:
        """What the task reads besides code, data and weights: name -> hash, known without them."""
        return {}

    def files(self) -> list[Path]:
        """The downloaded files that the task reads; records carry their hashes."""
        return []
