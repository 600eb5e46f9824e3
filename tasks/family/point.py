"""Two-parameter games: the actor is a point theta, the critic the line q(a) = psi * a."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.game import Blueprint, Metric, Player
from bench.nets import Dense, Net, Point
from bench.optim import SGD
from tasks.family.gan import Gan


class PointGame(Gan):
    """A GAN whose data are the single point 0 and whose equilibrium is theta = psi = 0."""

    domain: ClassVar = "game"
    action_size: ClassVar[int] = 1
    batch_rows: ClassVar[int] = 1
    updates: ClassVar[int] = 500
    samples: ClassVar[int] = 1
    seconds: ClassVar[float] = 3.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("distance", "distance to the equilibrium", "lower"),
    )
    lr: ClassVar[float] = 0.1

    def blueprint(self) -> Blueprint:
        """One parameter each, moved by plain gradient descent."""
        return Blueprint(
            actor=Player(Net((Point(1),)), SGD(self.lr)),
            critic=Player(Net((Dense(1, bias=False),)), SGD(self.lr)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """The data are the point 0."""
        return torch.zeros(rows, 1)

    def judge(self, actions: Any, core: Any) -> dict[str, float]:
        """Euclidean distance of (theta, psi) from the origin; theta as the evaluated policy."""
        psi = float(core.critic["0/weight"].squeeze())
        return {"distance": float(np.hypot(actions[0, 0], psi))}
