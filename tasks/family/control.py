"""Continuous control with deterministic policy gradients (Silver et al., 2014)."""

from __future__ import annotations

import importlib.util
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.layers import mlp
from bench.functional.optim import Adam
from bench.learner.problem import (
    Act,
    Blueprint,
    Domain,
    Experience,
    Half,
    Halves,
    Player,
)
from bench.learner.task import Episodes, Metric, Task

RANGES = {"episode_length": (1, 1000), "spread": (0, 1)}

RETURN_METRICS = (
    Metric("return", "reward per episode", "higher"),
    Metric("critic_error", "root mean square, discounted return", "lower"),
    Metric("critic_bias", "predicted - realised discounted return", "neither"),
    Metric("episode_length", "environment steps", "neither"),
    Metric("bounded", "share of actions at a bound", "neither"),
    Metric("spread", "standard deviation of actions over time", "neither"),
)


class Control(Task):
    """An environment with states, stepped by `steps_per_update` copies per seed.

    The critic regresses on the Bellman target by least squares; the actor maximises q. Actions in
    [-1, 1] are scaled to the environment's bounds, and clipped, when it is stepped. Without
    strategies, learning is online, from the transitions just made; `replay` and `target_network`
    turn it into DDPG (Lillicrap et al., 2016, arXiv 1509.02971).
    """

    domain: ClassVar[Domain] = "rl"
    kinds: ClassVar[tuple[str, ...]] = ("short",)  # budgets of tens of thousands of steps
    step_unit: ClassVar[str] = "environment step"
    batch_rows: ClassVar[int] = 64
    discount: ClassVar[float] = 0.99
    hidden: ClassVar[tuple[int, ...]] = (64, 64)
    lr: ClassVar[float] = 1e-3
    exploration: ClassVar[float] = 0.1  # standard deviation of the noise on actions in [-1, 1]
    episodes: ClassVar[int] = 10
    metrics: ClassVar[tuple[Metric, ...]] = RETURN_METRICS

    def missing(self) -> str | None:
        """Envpool, if it is what steps this environment and is not installed."""
        if self.environment_library == "gymnasium" or importlib.util.find_spec("envpool"):
            return None
        return "envpool is not installed, which steps its environment; run `pip install envpool`"

    def blueprint(self) -> Blueprint:
        """Two relu networks with the same hidden layers; tanh bounds the actor's outputs."""
        return Blueprint(
            actor=Player(
                mlp(*self.hidden, self.action_size, activation="relu", output="tanh"), Adam(self.lr)
            ),
            critic=Player(mlp(*self.hidden, 1, activation="relu"), Adam(self.lr)),
        )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The transitions that the environment has just made."""
        return seen

    def own(self, fresh: Experience) -> int:
        """All transitions were made by the actor."""
        return fresh.reward.shape[0]

    def explore(self, action: Tensor, key: Tensor, step: Tensor) -> Tensor:
        """The actions with Gaussian noise, clipped to [-1, 1]; uniform ones during the warm-up."""
        shape = tuple(action.shape)
        noisy = (action + self.exploration * rng.normal(key, shape)).clamp(-1.0, 1.0)
        if not self.warmup:
            return noisy
        uniform = 2.0 * rng.uniform(rng.fold(key, "warmup"), shape) - 1.0
        return torch.where(step < self.warmup, uniform, noisy)

    def actor_obs(self, batch: Experience) -> Tensor:
        """All observations of the batch."""
        return batch.obs

    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """The actions of the batch, and the actor's present actions at the same observations."""
        return Halves(data=Half(batch.obs, batch.action), own=Half(batch.obs, act(batch.obs, key)))

    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """The squared TD error."""
        return (q - target).square()

    def actor_loss(self, q: Tensor) -> Tensor:
        """-q: the actor maximises the critic's value of its action."""
        return -q

    def value(self, q: Tensor) -> Tensor:
        """q itself: the critic's output is a value."""
        return q

    def uninformed(self, target: Tensor) -> Tensor:
        """The mean target, which an uninformed critic predicts."""
        return target.mean()

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """Means over the episodes, and the critic's prediction against the discounted return.

        The critic's value of its last state is added to the return of a truncated episode.
        Otherwise a correct critic would have an error of all that was cut off, 60 % on a task of
        50 steps.
        """
        error = episodes.predicted - (episodes.discounted + episodes.tail)
        return {
            "return": float(episodes.returns.mean()),
            "critic_error": float(np.sqrt(np.square(error).mean())),
            "critic_bias": float(error.mean()),
            "episode_length": float(episodes.lengths.mean()),
            "bounded": float(episodes.bounded.mean()),
            "spread": float(episodes.spread.mean()),
        }
