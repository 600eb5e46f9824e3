"""Mixtures of Gaussians, with their exact samples, densities and classifier.

The classifier knows the modes and "no mode", a Gaussian with the covariance of the data and twice
as wide, which is as likely as an average mode. What Inception is to images its posterior is to
points: it sees which mode a point belongs to, and whether it belongs to any.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor

from bench.functional import rng

Array = NDArray[np.float64]

WIDTH = 2.0
"""How many times as wide as the data the background is, the density of points of no mode."""

IN_MODE = 3.0
"""A point of the plane belongs to a mode within so many of its standard deviations."""

REAL = 40_000
"""How many real points give the moments that generated ones are compared with."""


@dataclass(frozen=True)
class Mixture:
    """Modes at `centres` [K, D], with the same standard deviation along every axis.

    Mode k has the share `weights[k]`; without weights all are the same.
    """

    centres: tuple[tuple[float, ...], ...]
    deviation: float
    weights: tuple[float, ...] = ()

    @property
    def shares(self) -> Array:
        """The share of each mode [K]; they sum to 1."""
        count = len(self.centres)
        return np.array(self.weights) if self.weights else np.full(count, 1.0 / count)

    def sample(self, key: Tensor, rows: int) -> Tensor:
        """Draw points [rows, D] with `key`."""
        centres = torch.tensor(self.centres, device=key.device)
        noise = rng.normal(rng.fold(key, "noise"), (rows, centres.shape[1]))
        return centres[self.draw_modes(rng.fold(key, "mode"), rows)] + self.deviation * noise

    def draw_modes(self, key: Tensor, rows: int) -> Tensor:
        """Draw mode numbers [rows] with `key`."""
        if not self.weights:
            return rng.integers(key, (rows,), len(self.centres))
        below = torch.tensor(np.cumsum(self.shares)[:-1], device=key.device)
        return (rng.uniform(key, (rows, 1)) >= below).sum(dim=1)

    def moments(self) -> tuple[Array, Array]:
        """Return the exact mean [D] and covariance [D, D]."""
        centres, shares = np.array(self.centres), self.shares
        mean = shares @ centres
        apart = centres - mean
        return mean, (apart.T * shares) @ apart + self.deviation**2 * np.eye(len(mean))

    def log_posterior(self, points: Array) -> Array:
        """Return log probabilities [N, K + 1] of the modes, then of none, given points [N, D]."""
        mean, covariance = self.moments()
        size, count = len(mean), len(self.centres)
        apart = points - mean
        # A constant that all K + 1 densities share is left out: (2 pi) ** (-D / 2).
        _, volume = np.linalg.slogdet(WIDTH**2 * covariance)
        spread = np.einsum("nd,nd->n", apart, np.linalg.solve(covariance, apart.T).T) / WIDTH**2
        modes = np.log(self.shares) - 0.5 * self._distances(points) ** 2 / self.deviation**2
        modes -= size * math.log(self.deviation)
        none = -math.log(count) - 0.5 * (spread + volume)
        return log_softmax(np.column_stack([modes, none]), axis=1)

    def features(self, points: Array) -> Array:
        """Return the features [N, K + 1 + D] of points [N, D] between which FID is measured.

        The posterior of `log_posterior`, and the coordinates about the mean of the data, scaled so
        that the variances of real ones sum to 1/2. The posterior alone could not tell one mode from
        one Gaussian with the right moments, nor garbage near the data from garbage far away.
        """
        mean, covariance = self.moments()
        coordinates = (points - mean) / math.sqrt(2.0 * np.trace(covariance))
        return np.hstack([np.exp(self.log_posterior(points)), coordinates])

    def class_logits(self, points: Array) -> Array:
        """Return logits [N, K] of the modes, for IS: points of no mode could be of any.

        Not knowing is spread over the modes by their shares, as Inception's is over its classes. As
        a class of its own it would raise the score of real points with some garbage among them.
        """
        posterior = self.log_posterior(points)
        return np.logaddexp(posterior[:, :-1], posterior[:, -1:] + np.log(self.shares))

    def nearest(self, points: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the nearest mode [N] of points [N, D], and whether they belong to it.

        They do within 3 standard deviations in the plane, which holds 98.9 % of a mode's points; in
        other dimensions within the radius that holds as many.
        """
        distances = self._distances(points)
        return distances.argmin(axis=1), distances.min(axis=1) <= self.radius * self.deviation

    @property
    def radius(self) -> float:
        """In standard deviations, how far from its centre a point still belongs to a mode."""
        from scipy.stats import chi2  # a quarter of a second that only scores cost

        return math.sqrt(chi2.ppf(chi2.cdf(IN_MODE**2, 2), len(self.centres[0])))

    def _distances(self, points: Array) -> Array:
        from scipy.spatial.distance import cdist

        return cdist(points, np.array(self.centres))


@functools.cache
def real_moments(mixture: Mixture) -> tuple[Array, Array]:
    """Return mean [F] and covariance [F, F] of the features of many real points."""
    points = mixture.sample(rng.fold(rng.seed_key(0), "moments of real points"), REAL)
    features = mixture.features(points.double().numpy())
    return features.mean(axis=0), np.cov(features, rowvar=False)


def ring(modes: int, radius: float, deviation: float, weights: tuple[float, ...] = ()) -> Mixture:
    """Return modes equally spaced on a circle. (`linspace(0, 2 pi, 8)` would give only 7.)"""
    angles = [2.0 * math.pi * k / modes for k in range(modes)]
    centres = tuple((radius * math.cos(a), radius * math.sin(a)) for a in angles)
    return Mixture(centres, deviation, weights)


def grid(side: int, spacing: float, deviation: float) -> Mixture:
    """Return side x side modes on a square lattice around the origin."""
    places = [spacing * (k - (side - 1) / 2) for k in range(side)]
    return Mixture(tuple((x, y) for x in places for y in places), deviation)


def spiral(modes: int, turns: float, radius: float, deviation: float) -> Mixture:
    """Return modes at equal distances along an Archimedean spiral, the last one at `radius`."""
    # r = radius * t / turns, so the arc length up to t grows nearly as t ** 2.
    places = [turns * math.sqrt((k + 1) / modes) for k in range(modes)]
    centres = tuple(
        (
            radius * t / turns * math.cos(2.0 * math.pi * t),
            radius * t / turns * math.sin(2.0 * math.pi * t),
        )
        for t in places
    )
    return Mixture(centres, deviation)


def corners(modes: int, size: int, deviation: float) -> Mixture:
    """Return modes at random corners of the cube [-1, 1]^size, the same ones every time."""
    signs = np.random.default_rng(0).integers(0, 2, size=(modes, size)) * 2.0 - 1.0
    return Mixture(tuple(map(tuple, signs.tolist())), deviation)
