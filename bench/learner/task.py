"""Tasks: a learning problem, how it is scored, and what is required to run it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.functional.layers import is_deep
from bench.learner.problem import Problem

Array = NDArray[Any]
Tier = Literal["core", "full"]


class Critic(Protocol):
    """What one seed's players say, all in NumPy."""

    def __call__(self, obs: Array, action: Array, *, player: str = "critic") -> Array:
        """Return a critic's outputs [N] or a model's [N, K], of actions [N, A] at [N, O]."""
        ...


@dataclass(frozen=True)
class Metric:
    """One reported number; `better` is the direction of improvement, "neither" for diagnostics."""

    name: str
    unit: str
    better: Literal["higher", "lower", "neither"]


def diagnostics(task: Problem) -> tuple[Metric, ...]:
    """What a task reports besides its own metrics: means over updates, by player."""
    kinds, unit = ("loss", "grad_norm"), "mean since the last evaluation"
    return tuple(Metric(f"{p}_{kind}", unit, "neither") for kind in kinds for p in task.players)


Failure = Literal[
    "cycling",
    "mode dropping",
    "lost exploration",
    "overfitting critic",
    "saturating critic",
    "overestimation",
    "moving target",
]
"""How training of two players goes wrong; "lost exploration" is RL's "mode dropping"."""


SCORE = "score"


@dataclass(frozen=True)
class FailureMode:
    """What a task is there for: a failure of the bare learner, with a number that shows it.

    It is shown where the median over seeds of `metric`, a mean over the task's window, is at or
    beyond `bound`. "swing of" a metric is the number of its whole curve (see `swing`) instead; the
    metric "score" is the normalised first one.
    """

    kind: Failure
    metric: str
    beyond: Literal["above", "below"]
    bound: float

    @property
    def read(self) -> str:
        """The metric that is read at every evaluation."""
        return self.metric.removeprefix("swing of ")

    def shown(self, value: float) -> bool:
        """Return whether a value of the metric shows the failure."""
        return value >= self.bound if self.beyond == "above" else value <= self.bound

    def measured(
        self, curve: Sequence[Mapping[str, float]], normalised: Sequence[float], window: int
    ) -> float:
        """Return the number of one run: of its metrics and normalised scores at each evaluation."""
        values = normalised if self.read == SCORE else [point[self.read] for point in curve]
        if self.metric != self.read:
            return swing(values)
        return math.fsum(values[-window:]) / len(values[-window:])


TIE = 0.01
"""Two runs whose normalised scores differ by less are as good as each other."""


@dataclass(frozen=True)
class Anchors:
    """Two fixed scores that make tasks comparable: `low` counts as 0, `high` as 1.

    `low` is the score of an untrained, random or idle player, `high` a score that is known to be
    attainable; `source` says what both are and where they come from. With `log`, logarithms are
    interpolated, as for distances whose best value is nearly 0.
    """

    low: float
    high: float
    source: str
    log: bool = False

    def normalised(self, score: float) -> float:
        """Return the score rescaled so that `low` is 0 and `high` is 1, without clipping."""
        if not self.log:
            return (score - self.low) / (self.high - self.low)
        # 0 has no logarithm: scores count as at least a thousandth of the smaller anchor.
        score = max(score, 1e-3 * min(self.low, self.high))
        return math.log(score / self.low) / math.log(self.high / self.low)


def area(normalised: Sequence[float]) -> float:
    """Return the area under a normalised curve: the mean over all its evaluations."""
    return math.fsum(normalised) / len(normalised)


def swing(curve: Sequence[float]) -> float:
    """Return how much of its moves a curve takes back over its second half, per evaluation.

    The sum of the absolute moves less the absolute move from start to end: 0 at rest and where a
    curve only rises or only falls, large where players cycle.
    """
    moves = [after - before for before, after in pairwise(curve[len(curve) // 2 :])]
    taken_back = math.fsum(map(abs, moves)) - abs(math.fsum(moves))
    return taken_back / len(moves) if moves else 0.0


def moved(normalised: Sequence[float]) -> float:
    """Return how far a normalised curve moves over the last fifth of the budget.

    The last two of ten equally spaced evaluations against the two before: means of two, because one
    evaluation is noisy.
    """
    return abs(math.fsum(normalised[-2:]) - math.fsum(normalised[-4:-2])) / 2.0


class Episodes(NamedTuple):
    """One seed's evaluation episodes: arrays with one entry for each of E episodes."""

    start: Array  # [E, O] the first observations
    returns: Array  # [E] sums of rewards
    discounted: Array  # [E] the same, discounted from the start
    tail: Array  # [E] the critic's discounted value beyond a truncation; 0 if terminated
    predicted: Array  # [E] the critic's value of the policy's first action
    lengths: Array  # [E] steps
    bounded: Array  # [E] the share of its actions' components that are within 0.01 of a bound
    spread: Array  # [E] the standard deviation of its actions over time, a mean over components


class Scored:
    """How and when a task is scored."""

    name: ClassVar[str]
    obs_size: ClassVar[int]
    evaluations: ClassVar[int] = 10  # equally spaced, besides the one before the first update
    window: ClassVar[int] = 3  # the score is the mean over this many last evaluations
    metrics: ClassVar[tuple[Metric, ...]]  # the first one is the score
    anchors: ClassVar[Anchors]  # of the score
    samples: ClassVar[int] = 0  # actions drawn in each evaluation; 0: episodes are run instead
    episodes: ClassVar[int] = 0  # evaluation episodes per seed, with an environment
    early_episodes: ClassVar[int | None] = None  # the same before the window, where they are long
    failure: ClassVar[FailureMode | None] = None  # that a counted task is there for
    measures_speed: ClassVar[bool] = False  # whether the budget ends before the reference's plateau
    picture_shape: ClassVar[tuple[int, ...] | None] = None  # of `pictures`, if not an action's

    def eval_updates(self, updates: int) -> list[int]:
        """Return the numbers of updates after which to evaluate: 0, ..., `updates`, increasing."""
        return sorted({updates * i // self.evaluations for i in range(self.evaluations + 1)})

    def episodes_after(self, updates: int, total: int) -> int:
        """Return the number of evaluation episodes per seed after `updates` of `total`."""
        if self.early_episodes is None or updates in self.eval_updates(total)[-self.window :]:
            return self.episodes
        return self.early_episodes

    def probe(self, rows: int) -> Tensor:
        """Return the observations [rows, O] at which actions are drawn for an evaluation."""
        return torch.zeros(rows, self.obs_size)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Return one seed's metrics from actions [samples, A] at `probe` (if `samples` > 0)."""
        raise NotImplementedError(f"{self.name} draws samples but does not judge them")

    def pictures(self, actions: Array, critic: Critic) -> Array:
        """Return what there is to look at [N, ...] of one seed's actions at `probe`."""
        return actions

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """Return one seed's metrics from full episodes (with an environment, if `samples` is 0)."""
        raise NotImplementedError(f"{self.name} runs episodes but does not judge them")


class Provided:
    """What is required to run a task, and what running it costs."""

    tier: ClassVar[Tier] = "core"  # "full" needs a download, an accelerator, or hours
    seconds: ClassVar[float]  # what a bare cell of 10 seeds costs on one core
    compiled: ClassVar[bool] = True  # whether updates run as machine code, in all cells alike

    def missing(self) -> str | None:
        """Return why the task cannot run on this machine and what to do about it, or None."""
        return None

    def sources(self) -> dict[str, str]:
        """Return name -> hash of the data and weights that the task reads, without reading them."""
        return {}

    def files(self) -> list[Path]:
        """Return the downloaded files that the task reads; records contain their hashes."""
        return []


class Task(Problem, Scored, Provided):
    """A learning problem with its scoring and its requirements. One file in `tasks/` each."""


def no_hidden_layers(task: Problem) -> str | None:
    """Return why a strategy on critics' hidden layers is inert in a game, or None."""
    players = task.blueprint().players
    names = task.having("critic") or tuple(task.players)
    if any(is_deep(players[name].net) for name in names):
        return None
    return f"the {' and the '.join(names)} {'has' if len(names) == 1 else 'have'} no hidden layer"


def data_only(task: Problem) -> str | None:
    """Return why a strategy on the actor's rows of a batch is inert in a game, or None."""
    if set(task.players) <= set(task.data_only):
        return f"the {next(iter(task.players))} learns from data alone, not from the actor's rows"
    return None


def nothing_ahead(task: Problem) -> str | None:
    """Return why a strategy on the next values in TD targets is inert in a game, or None."""
    if any(task.rules(critic).discount for critic in task.having("critic")):
        return None
    return "the discount is 0: no target looks at a next value"
