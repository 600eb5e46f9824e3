"""Mixtures of equal Gaussians in the plane, with their exact samples, densities and classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.functional import rng


@dataclass(frozen=True)
class Mixture:
    """Modes at `centres` [(x, y), ...], all with the same weight and standard deviation."""

    centres: tuple[tuple[float, float], ...]
    deviation: float

    def sample(self, key: Tensor, rows: int) -> Tensor:
        """Draw points [rows, 2] with `key`."""
        centres = torch.tensor(self.centres, device=key.device)
        mode = rng.integers(rng.fold(key, "mode"), (rows,), len(self.centres))
        noise = rng.normal(rng.fold(key, "noise"), (rows, 2))
        return centres[mode] + self.deviation * noise

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the exact mean [2] and covariance [2, 2]."""
        centres = np.array(self.centres)
        spread = np.cov(centres.T, bias=True)
        return centres.mean(axis=0), spread + self.deviation**2 * np.eye(2)

    def log_posterior(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log probability [N, modes] of each mode given each of the points [N, 2]."""
        energy = -0.5 * (self._distances(points) / self.deviation) ** 2
        energy -= energy.max(axis=1, keepdims=True)
        return energy - np.log(np.exp(energy).sum(axis=1, keepdims=True))

    def nearest(self, points: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the nearest mode [N] of points [N, 2], and whether it is within 3 deviations."""
        distances = self._distances(points)
        mode = distances.argmin(axis=1)
        return mode, distances.min(axis=1) <= 3.0 * self.deviation

    def _distances(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.linalg.norm(points[:, None, :] - np.array(self.centres)[None], axis=2)


def ring(modes: int, radius: float, deviation: float) -> Mixture:
    """Return modes equally spaced on a circle. (`linspace(0, 2 pi, 8)` would give only 7.)"""
    angles = [2.0 * math.pi * k / modes for k in range(modes)]
    return Mixture(tuple((radius * math.cos(a), radius * math.sin(a)) for a in angles), deviation)


def grid(side: int, spacing: float, deviation: float) -> Mixture:
    """Return side x side modes on a square lattice around the origin."""
    places = [spacing * (k - (side - 1) / 2) for k in range(side)]
    return Mixture(tuple((x, y) for x in places for y in places), deviation)
