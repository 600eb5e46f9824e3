"""Mixtures of Gaussians, and their scores where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from bench.functional import rng
from bench.scoring.metrics import mixture_scores
from bench.scoring.mixture import Mixture, ring

RING = ring(8, radius=2.0, deviation=0.02)


def exact(mixture: Mixture, seed: int, rows: int) -> NDArray[np.float64]:
    return mixture.sample(rng.seed_key(seed), rows).double().numpy()


def test_a_ring_has_as_many_centres_as_modes() -> None:
    centres = np.array(RING.centres)
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2)[~np.eye(8, dtype=bool)]
    # Neighbours on a circle of radius 2 are a chord of 4 sin(pi / 8) apart.
    assert gaps.min() == pytest.approx(4.0 * math.sin(math.pi / 8.0), rel=1e-12)
    assert np.linalg.norm(centres, axis=1) == pytest.approx(2.0, rel=1e-12)


def test_moments_are_those_of_many_samples() -> None:
    mixture = Mixture(((0.0, 0.0), (3.0, 1.0), (1.0, -2.0)), deviation=0.5)
    points = exact(mixture, 0, 100_000)
    mean, covariance = mixture.moments()
    # Standard errors: sqrt(variance / n) is below 0.005 for means, about 0.01 for covariances.
    assert points.mean(axis=0) == pytest.approx(mean, abs=0.025)
    assert np.cov(points, rowvar=False) == pytest.approx(covariance, abs=0.05)


def test_moments_of_a_ring() -> None:
    """By symmetry, half the squared radius along each axis."""
    mean, covariance = RING.moments()
    assert mean == pytest.approx(np.zeros(2), abs=1e-12)
    assert covariance == pytest.approx((2.0 + 0.02**2) * np.eye(2), abs=1e-12)


def test_posterior_of_two_modes_is_logistic() -> None:
    """log p(first) - log p(second) = (distance2^2 - distance1^2) / (2 deviation^2)."""
    mixture = Mixture(((-1.0, 0.0), (1.0, 0.0)), deviation=0.8)
    points = np.array([[0.3, 0.7], [0.0, -2.0]])
    log_posterior = mixture.log_posterior(points)
    assert np.exp(log_posterior).sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    odds = log_posterior[:, 0] - log_posterior[:, 1]
    assert odds == pytest.approx(-4.0 * points[:, 0] / (2.0 * 0.8**2), abs=1e-12)


def test_scores_of_exact_samples() -> None:
    rows = 20_000
    scores = mixture_scores(exact(RING, 1, rows), RING)
    assert scores["modes"] == 8.0
    # P(chi squared with 2 degrees <= 9) = 1 - exp(-9/2); five standard errors of a share.
    share = 1.0 - math.exp(-4.5)
    assert scores["high_quality"] == pytest.approx(
        share, abs=5.0 * math.sqrt(share * (1.0 - share) / rows)
    )
    # 2 n KL is chi squared with 7 degrees: above 40 once in a million.
    assert 0.0 <= scores["reverse_kl"] < 40.0 / (2.0 * rows)
    assert scores["is"] == pytest.approx(8.0, rel=1e-2)
    assert scores["fid"] < 0.005


def test_scores_of_one_mode() -> None:
    """FID between posteriors of all modes or one, and between coordinates scaled by their trace.

    The posterior is at distance sqrt(7/8) from the mean of all, whose variances sum to 7/8; the
    coordinates are at sqrt(1/2), whose variances sum to 1/2; those of the mode are small.
    """
    one = Mixture(RING.centres[2:3], RING.deviation)
    scores = mixture_scores(exact(one, 2, 5_000), RING)
    assert scores["modes"] == 1.0
    assert scores["reverse_kl"] == pytest.approx(math.log(8.0), rel=1e-12)
    # 1 in 2,000 points is so far out that it could be of no mode, and tells less than the others.
    assert 1.0 < scores["is"] < 1.002
    scale = 1.0 / math.sqrt(4.0 * (2.0 + 0.02**2))  # variances of all along an axis: 1/4
    expected = 7.0 / 8.0 + (2.0 * scale) ** 2 + 7.0 / 8.0 + 2.0 * (0.5 - 0.02 * scale) ** 2
    assert scores["fid"] == pytest.approx(expected, rel=3e-3)


def test_scores_with_unequal_shares() -> None:
    """Frequencies are compared with the mixture's shares, not with equal ones."""
    shares, rows = (0.4, 0.3, 0.2, 0.06, 0.04), 20_000
    mixture = ring(5, radius=2.0, deviation=0.02, weights=shares)
    assert mixture.shares == pytest.approx(shares)
    found = mixture_scores(exact(mixture, 3, rows), mixture)
    assert 0.0 <= found["reverse_kl"] < 35.0 / (2.0 * rows)  # chi squared with 4 degrees
    assert found["fid"] < 0.005
    equal = mixture_scores(exact(ring(5, radius=2.0, deviation=0.02), 4, rows), mixture)
    expected = sum(0.2 * math.log(0.2 / share) for share in shares)
    assert equal["reverse_kl"] == pytest.approx(expected, abs=0.02)
    for mode, share in enumerate(shares):
        one = Mixture(mixture.centres[mode : mode + 1], mixture.deviation)
        alone = mixture_scores(exact(one, 5, 500), mixture)
        assert alone["reverse_kl"] == pytest.approx(-math.log(share), rel=1e-12)
    nothing = mixture_scores(np.zeros((100, 2)), mixture)
    assert nothing["reverse_kl"] == pytest.approx(-math.log(0.04), rel=1e-12)


def test_moments_with_unequal_shares() -> None:
    """Of two modes on an axis: variance p (1 - p) distance^2 beside the modes' own."""
    mean, covariance = Mixture(((0.0, 0.0), (2.0, 0.0)), 0.5, (0.25, 0.75)).moments()
    assert mean == pytest.approx([1.5, 0.0])
    assert covariance == pytest.approx(np.diag([0.75 + 0.25, 0.25]))


def test_posterior_of_none_is_that_of_a_wide_gaussian() -> None:
    """As likely as an average mode, with the data's mean and four times their covariance."""
    mixture = Mixture(((-1.0, 0.0), (3.0, 1.0)), 0.3, (0.8, 0.2))
    points = np.array([[-1.1, 0.2], [1.0, 1.0], [9.0, -4.0]])
    mean, covariance = mixture.moments()

    def density(centre: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return multivariate_normal(centre, matrix).pdf(points)

    modes = [
        share * density(np.array(centre), 0.09 * np.eye(2))
        for share, centre in zip(mixture.shares, mixture.centres, strict=True)
    ]
    joint = np.stack([*modes, 0.5 * density(mean, 4.0 * covariance)], axis=1)
    expected = joint / joint.sum(axis=1, keepdims=True)
    assert np.exp(mixture.log_posterior(points)) == pytest.approx(expected, rel=1e-9)


def test_scores_of_points_in_no_mode() -> None:
    """Nothing is of high quality: as far from uniform as one mode alone."""
    points = 0.1 * np.random.default_rng(0).normal(size=(100, 2))
    scores = mixture_scores(points, RING)
    assert (scores["modes"], scores["high_quality"]) == (0.0, 0.0)
    assert scores["reverse_kl"] == pytest.approx(math.log(8.0), rel=1e-12)
