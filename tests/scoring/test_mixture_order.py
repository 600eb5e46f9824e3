"""The scores of mixtures put made-up samples in the order in which a practitioner would.

Real draws are best; then complete but blurred ones, then sharp ones with half of the modes lost,
then one Gaussian or a uniform square with the right moments, then one mode alone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.experiment import registry
from bench.functional import rng
from bench.scoring.metrics import mixture_scores
from bench.scoring.mixture import Mixture

Array = NDArray[np.float64]

MIXTURES: dict[str, Mixture] = {
    name: task.mixture
    for name, task in registry.tasks().items()
    if task.domain == "gan" and hasattr(task, "mixture")
}
ROWS = 2500


def real(mixture: Mixture, seed: int = 0, rows: int = ROWS) -> Array:
    return mixture.sample(rng.seed_key(seed), rows).double().numpy()


def blurred(mixture: Mixture, width: float) -> Array:
    """Complete, with this many times the deviation around each mode."""
    points = real(mixture)
    centres = np.array(mixture.centres)[mixture.nearest(points)[0]]
    return centres + width * (points - centres)


def without(mixture: Mixture, lost: int) -> Array:
    """Sharp, without the last modes."""
    points = real(mixture, rows=3 * ROWS)
    return points[mixture.nearest(points)[0] < len(mixture.centres) - lost][:ROWS]


def gaussian(mixture: Mixture) -> Array:
    mean, covariance = mixture.moments()
    return np.random.default_rng(0).multivariate_normal(mean, covariance, size=ROWS)


def uniform(mixture: Mixture) -> Array:
    """In a box with the mean and the variances of the data."""
    mean, covariance = mixture.moments()
    box = np.sqrt(3.0 * np.diag(covariance))
    return mean + box * np.random.default_rng(0).uniform(-1.0, 1.0, (ROWS, len(mean)))


def one_mode(mixture: Mixture) -> Array:
    return without(mixture, len(mixture.centres) - 1)


def with_garbage(mixture: Mixture, share: float) -> Array:
    points, garbage = real(mixture), gaussian(mixture)
    return np.where(np.arange(ROWS)[:, None] < share * ROWS, garbage, points)


def unbalanced(mixture: Mixture, power: float) -> Array:
    """Complete and sharp, with shares proportional to share_k * 4^(-power k / K)."""
    count = len(mixture.centres)
    shares = mixture.shares * 4.0 ** (-power * np.arange(count) / count)
    skewed = Mixture(mixture.centres, mixture.deviation, tuple(shares / shares.sum()))
    return real(skewed)


@pytest.mark.parametrize("name", MIXTURES)
def test_made_up_samples_are_in_order(name: str) -> None:
    """With margins: each FID is at least 1.05 times the one before, each IS at most 0.97 times."""
    mixture = MIXTURES[name]
    # In 100 dimensions all points of a mode are about equally far out, and lost together.
    width = 1.5 if len(mixture.centres[0]) == 2 else 1.4
    ranks: list[list[Array]] = [
        [real(mixture)],
        [blurred(mixture, width)],
        [without(mixture, len(mixture.centres) // 2)],
        [gaussian(mixture), uniform(mixture)],
        [one_mode(mixture)],
    ]
    scores = [[mixture_scores(points, mixture) for points in rank] for rank in ranks]
    fid = [[s["fid"] for s in rank] for rank in scores]
    for better, worse in pairwise(fid):
        assert 1.05 * max(better) < min(worse), (name, fid)
    # IS sees classes only: a Gaussian and one mode alone both tell nothing.
    told = [[s["is"] for s in rank] for rank in scores[:4]]
    for better, worse in pairwise(told):
        assert 0.97 * min(better) > max(worse), (name, told)


CHANGES: dict[str, tuple[Callable[[Mixture, float], Array], tuple[float, ...]]] = {
    "garbage": (with_garbage, (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)),
    "lost modes": (lambda m, lost: without(m, int(lost)), (0, 1, 2, 4, 6)),
    "imbalance": (unbalanced, (0.0, 1.0, 2.0, 3.0)),
    "width": (blurred, (1.0, 1.5, 2.0, 3.0, 5.0)),
}


@pytest.mark.parametrize("name", MIXTURES)
@pytest.mark.parametrize("change", CHANGES)
def test_scores_are_monotone(name: str, change: str) -> None:
    """More garbage, more lost modes, more imbalance, more blur: a higher FID and a lower IS."""
    made, steps = CHANGES[change]
    found = [mixture_scores(made(MIXTURES[name], step), MIXTURES[name]) for step in steps]
    fid, told = ([s[key] for s in found] for key in ("fid", "is"))
    assert fid == sorted(fid), (name, change, fid)
    if change != "imbalance" or not MIXTURES[name].weights:  # unequal modes may become more equal
        assert told == sorted(told, reverse=True), (name, change, told)


@pytest.mark.parametrize("name", MIXTURES)
def test_the_floor_of_real_draws_is_the_high_anchor(name: str) -> None:
    """Of 2,500 draws; one mode in eight lost, or a twentieth of garbage, is far above it."""
    mixture, anchors = MIXTURES[name], registry.task(name).anchors
    floor = [mixture_scores(real(mixture, seed), mixture)["fid"] for seed in range(8)]
    assert np.mean(floor) == pytest.approx(anchors.high, rel=0.35)
    for worse in (without(mixture, len(mixture.centres) // 8 or 1), with_garbage(mixture, 0.05)):
        assert mixture_scores(worse, mixture)["fid"] > 10 * max(floor)


def test_coordinates_alone_would_not_tell_a_ring_from_a_circle() -> None:
    """Why FID is between features: by mean and covariance a uniform circle is as good as real."""
    mixture = MIXTURES["ring8"]
    angles = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, ROWS)
    circle = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    _, covariance = mixture.moments()
    assert np.abs(np.cov(circle, rowvar=False) - covariance).max() < 0.1
    assert mixture_scores(circle, mixture)["fid"] > 1.2
    assert mixture_scores(circle, mixture)["high_quality"] < 0.1


def test_shares_are_those_of_the_samples() -> None:
    mixture = MIXTURES["ring8_unequal"]
    modes = mixture.draw_modes(rng.seed_key(3), 100_000).numpy()
    # Five standard errors of a share are below 0.008.
    assert np.bincount(modes) / 100_000 == pytest.approx(mixture.shares, abs=0.008)


def test_the_ball_of_a_mode_holds_as_many_points_in_every_dimension() -> None:
    for name in ("ring8", "corners100"):
        assert MIXTURES[name].nearest(real(MIXTURES[name], rows=20_000))[1].mean() == pytest.approx(
            1.0 - np.exp(-4.5), abs=0.004
        )
