"""Mixture-of-Gaussians GANs, where samples, densities and scores are exact."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from bench.functional.layers import mlp
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Array, Critic, Metric
from bench.scoring.metrics import mixture_scores
from bench.scoring.mixture import Mixture
from bench.tasks.family.gan import Gan

RANGES = {
    "is": (1, lambda task: len(task.mixture.centres)),
    "modes": (0, lambda task: len(task.mixture.centres), "whole"),
}


class MixtureGan(Gan):
    """Small relu networks, Adam at 1e-3 for both players, scored on 2,500 samples.

    FID and IS are between features that see modes and quality: `bench.scoring.mixture` has them.
    """

    kinds: ClassVar[tuple[str, ...]] = ("toy",)
    action_size: ClassVar[int] = 2
    noise_size: ClassVar[int] = 8
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 20_000
    samples: ClassVar[int] = 2500
    seconds: ClassVar[float] = 30.0
    hidden: ClassVar[tuple[int, ...]] = (64, 64)
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective modes", "higher"),
        Metric("modes", "modes with a sample", "higher"),
        Metric("high_quality", "share", "higher"),
        Metric("reverse_kl", "nats", "lower"),
    )
    mixture: ClassVar[Mixture]

    def blueprint(self) -> Blueprint:
        """Two hidden layers in each network."""
        return Blueprint(
            actor=Player(mlp(*self.hidden, self.action_size, activation="relu"), Adam(1e-3)),
            critic=Player(mlp(*self.hidden, 1, activation="relu"), Adam(1e-3)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Exact samples of the mixture."""
        return self.mixture.sample(key, rows)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The mixture's scores of the actor's samples."""
        return mixture_scores(actions, self.mixture)
