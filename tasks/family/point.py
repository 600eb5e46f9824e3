"""Two-parameter games: the actor is a point theta, the critic is linear, q(a) = psi * a."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional.layers import Dense, FreeParameter, Net
from bench.functional.optim import SGD
from bench.learner.problem import Blueprint, Domain, Player
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.tasks.family.gan import Gan


class PointGame(Gan):
    """A GAN whose data are the single point 0 and whose equilibrium is theta = psi = 0."""

    domain: ClassVar[Domain] = "game"
    action_size: ClassVar[int] = 1
    batch_rows: ClassVar[int] = 1
    updates: ClassVar[int] = 500
    compiled: ClassVar[bool] = False
    samples: ClassVar[int] = 1
    seconds: ClassVar[float] = 1.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("distance", "distance to the equilibrium", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1.15, high=0.0, source="where it starts: theta at 1, psi uniform in +-1; equilibrium"
    )
    lr: ClassVar[float] = 0.1

    def blueprint(self) -> Blueprint:
        """One parameter each, trained by plain gradient descent."""
        return Blueprint(
            actor=Player(Net((FreeParameter(1),)), SGD(self.lr)),
            critic=Player(Net((Dense(1, bias=False),)), SGD(self.lr)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """The data, which are the point 0."""
        return torch.zeros(rows, 1)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Euclidean distance of (theta, psi) from the origin; theta is the evaluated actor's."""
        obs = self.probe(2).numpy()
        nothing, psi = critic(obs, np.array([[0.0], [1.0]]))
        return {"distance": float(np.hypot(actions[0, 0], psi - nothing))}


class BilinearGame(PointGame):
    """Linear losses for both players: the game theta * psi, a Wasserstein GAN on a point."""

    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """2q where the target is 0, -2q where it is 1: their mean is a sum over both halves."""
        return 2.0 * (1.0 - 2.0 * target) * q

    def actor_loss(self, q: Tensor) -> Tensor:
        """-q: the actor maximises q."""
        return -q

    def value(self, q: Tensor) -> Tensor:
        """q itself: the critic's output is a value."""
        return q
