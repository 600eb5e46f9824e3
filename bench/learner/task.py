"""A task: what is learned, how it is scored, and what must be there to run it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.functional.layers import is_deep
from bench.learner.problem import Problem

Array = NDArray[Any]
Tier = Literal["core", "full"]
Critic = Callable[[Array, Array], Array]
"""(observations [N, O], actions [N, A]) -> one seed's critic outputs [N], all in NumPy."""


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


class Scored:
    """How a task is scored, and when."""

    name: ClassVar[str]
    obs_size: ClassVar[int]
    evaluations: ClassVar[int] = 10  # equally spaced, besides the one before the first update
    window: ClassVar[int] = 3  # the score is the mean over this many last evaluations
    metrics: ClassVar[tuple[Metric, ...]]  # the first one is the score
    anchors: ClassVar[Anchors]  # of the score
    samples: ClassVar[int] = 0  # actions drawn for an evaluation; 0: by episodes instead
    episodes: ClassVar[int] = 0  # evaluation episodes per seed, with an environment

    def eval_updates(self, updates: int) -> list[int]:
        """The updates after which to evaluate: 0, ..., `updates`, without repetition."""
        return sorted({updates * i // self.evaluations for i in range(self.evaluations + 1)})

    def probe(self, rows: int) -> Tensor:
        """The observations [rows, O] at which actions are drawn for an evaluation."""
        return torch.zeros(rows, self.obs_size)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Metrics of one seed from actions [samples, A] at `probe` (if `samples` is not 0)."""
        raise NotImplementedError(f"{self.name} draws samples but does not judge them")

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """Metrics of one seed from full episodes (with an environment, if `samples` is 0)."""
        raise NotImplementedError(f"{self.name} runs episodes but does not judge them")


class Provided:
    """What must be there to run a task, and what running it costs."""

    tier: ClassVar[Tier] = "core"  # "full" needs a download, an accelerator, or hours
    seconds: ClassVar[float]  # what a bare cell of 10 seeds costs on one core

    def missing(self) -> str | None:
        """Why the task cannot run on this machine and what to do about it, or None."""
        return None

    def sources(self) -> dict[str, str]:
        """What the task reads besides code, data and weights: name -> hash, known without them."""
        return {}

    def files(self) -> list[Path]:
        """The downloaded files that the task reads; records carry their hashes."""
        return []


class Task(Problem, Scored, Provided):
    """A game to train on, together with how it is scored. One file in `tasks/` each."""


def no_hidden_layers(task: Problem) -> str | None:
    """Why a strategy on the critic's hidden layers is inert on a task, or None."""
    return None if is_deep(task.blueprint().critic.net) else "the critic has no hidden layer"
