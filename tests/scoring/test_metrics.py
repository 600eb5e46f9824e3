"""Scores against closed forms and against torch-fidelity's own pipeline."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset
from torch_fidelity import FeatureExtractorBase, calculate_metrics, register_feature_extractor

from bench.scoring import metrics
from bench.scoring.metrics import (
    Moments,
    coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    mixture_scores,
    moments,
    precision_recall,
)
from bench.scoring.mixture import ring

Array = NDArray[np.float64]


class Rows(Dataset[torch.Tensor]):
    """One tensor per row, which is all that torch-fidelity accepts."""

    def __init__(self, rows: Array) -> None:
        self.rows = torch.from_numpy(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.rows[index]


class Unchanged(FeatureExtractorBase):
    """Features and logits are the input itself."""

    def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
        super().__init__(name, features_list)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("same",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "same"

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> torch.Tensor:
        return torch.zeros(1, 6)

    def forward(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (rows,)


register_feature_extractor("unchanged", Unchanged)


def library(generated: Array, real: Array | None = None, **metrics: Any) -> dict[str, float]:
    """What torch-fidelity's public entry point says of the same features."""
    return calculate_metrics(
        input1=Rows(generated),
        input2=None if real is None else Rows(real),
        feature_extractor="unchanged",
        cuda=False,
        cache=False,  # its key would not know one set of features from another
        save_cpu_ram=True,  # no worker processes
        verbose=False,
        **metrics,
    )


def draws(seed: int, rows: int = 500, size: int = 6) -> Array:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(rows, size)) @ generator.normal(size=(size, size))


def diagonal(mean: list[float], variance: list[float]) -> Moments:
    return np.array(mean), np.diag(variance)


def test_frechet_distance_of_diagonal_gaussians() -> None:
    """Sum of (m1 - m2)^2 + (s1 - s2)^2 over the axes."""
    one, other = diagonal([0.0, 1.0], [1.0, 4.0]), diagonal([3.0, 1.5], [9.0, 0.25])
    expected = 3.0**2 + 0.5**2 + (1.0 - 3.0) ** 2 + (2.0 - 0.5) ** 2
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(other, one) == pytest.approx(expected, rel=1e-12)


def test_frechet_distance_of_equals_is_zero() -> None:
    same = moments(draws(0))
    # Rounding of the trace, about 1e-15 times its size, passes through no square root.
    assert frechet_distance(same, same) == pytest.approx(0.0, abs=1e-10 * np.trace(same[1]))


def test_frechet_distance_of_a_shift_is_its_square() -> None:
    mean, covariance = moments(draws(1))
    shift = np.arange(6.0)
    assert frechet_distance((mean + shift, covariance), (mean, covariance)) == pytest.approx(
        (shift**2).sum(), rel=1e-9
    )


def test_frechet_distance_is_torch_fidelitys() -> None:
    generated, real = draws(2), draws(3, rows=300)
    theirs = library(generated, real, fid=True)["frechet_inception_distance"]
    assert frechet_distance(moments(generated), moments(real)) == pytest.approx(theirs, rel=1e-6)


def test_inception_score_is_torch_fidelitys() -> None:
    logits = draws(4)
    theirs = library(logits, isc=True, isc_splits=1)["inception_score_mean"]
    assert inception_score(logits) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("classes", [2, 10])
def test_inception_score_of_certain_classes_is_their_number(classes: int) -> None:
    logits = np.tile(1000.0 * np.eye(classes), (50, 1))
    assert inception_score(logits) == pytest.approx(classes, rel=1e-9)


def test_inception_score_of_identical_rows_is_one() -> None:
    assert inception_score(np.tile(draws(5, rows=1), (100, 1))) == pytest.approx(1.0, rel=1e-9)


def test_too_few_samples_for_a_covariance() -> None:
    with pytest.raises(ValueError, match="6 samples cannot estimate a covariance of 6 features"):
        moments(draws(6, rows=6))
    assert moments(draws(6, rows=7))[1].shape == (6, 6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_has_diverged_scores_nan(bad: float) -> None:
    fine = moments(draws(7))
    assert math.isnan(frechet_distance((fine[0] * bad, fine[1]), fine))
    assert math.isnan(frechet_distance(fine, (fine[0], np.full_like(fine[1], bad))))
    logits = draws(8)
    logits[3, 2] = bad
    assert math.isnan(inception_score(logits))
    points = draws(9, size=2)
    points[0, 0] = bad
    scores = mixture_scores(points, ring(8, radius=2.0, deviation=0.02))
    assert all(math.isnan(value) for value in scores.values())


def test_kernel_distance_by_hand() -> None:
    """The unbiased estimate with the cubic kernel, written out in loops."""
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((6, 3)), rng.standard_normal((6, 3)) + 0.5

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 3 + 1) ** 3)

    within = [
        np.mean([kernel(s[i], s[j]) for i in range(6) for j in range(6) if i != j])
        for s in (one, other)
    ]
    across = np.mean([kernel(x, y) for x in one for y in other])
    assert kernel_distance(one, other) == pytest.approx(sum(within) - 2 * across)


@pytest.mark.parametrize("rows", [7, 1000])
def test_precision_and_recall_of_two_clusters(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Real samples in two clusters, generated ones in one of them and far away.

    However many rows' distances are held at once.
    """
    monkeypatch.setattr(metrics, "ROWS", rows)
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(0, 0.1, (50, 2)), rng.normal(9, 0.1, (50, 2))])
    generated = np.concatenate([real[:50] + 1e-4, rng.normal(-90, 0.1, (150, 2))])
    precision, recall = precision_recall(generated, real)
    assert precision == pytest.approx(0.25)  # 50 of 200; the arguments are not exchanged
    assert recall == pytest.approx(0.5)


def test_coverage_of_modes() -> None:
    assert coverage(np.arange(1000), 1000) == {"kl": pytest.approx(0.0, abs=1e-12), "modes": 1000.0}
    assert coverage(np.zeros(50, dtype=int), 1000)["kl"] == pytest.approx(np.log(1000))
    assert coverage(np.arange(10), 1000)["kl"] == pytest.approx(np.log(100))
    # Uniform draws: (modes - 1) / (2 N) to first order.
    drawn = np.random.default_rng(0).integers(0, 100, 50_000)
    assert coverage(drawn, 100)["kl"] == pytest.approx(99 / 100_000, rel=0.3)


def test_scores_of_what_has_diverged() -> None:
    bad, good = np.full((30, 2), np.nan), np.zeros((30, 2))
    assert np.isnan(kernel_distance(bad, good))
    assert all(np.isnan(value) for value in precision_recall(bad, good))


def test_kernel_distance_and_precision_are_torch_fidelitys() -> None:
    generated, real = draws(6), draws(7, rows=300)
    theirs = library(*(generated, real), kid=True, prc=True, kid_subsets=4, kid_subset_size=200)
    ours = kernel_distance(generated, real, subsets=4, size=200)
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-6)
    # Neighbours are found in float32 here: a sample on the edge of a ball may fall off.
    found = precision_recall(generated, real)
    assert found == pytest.approx((theirs["precision"], theirs["recall"]), abs=5e-3)


CANARY = [
    *(0.026828951231756548, 1.1769192994356756, -0.05921145149217555, 1 / 60, 2 / 60),
    *(0.16777235818136704, 4.608582120061065, 7.0, 1.0, 0.18017528154429932),
]


def test_canary() -> None:
    """Frozen features have frozen scores: nobody changed a formula or a default unseen."""
    grid = np.arange(240.0).reshape(60, 4)
    one, other = np.sin(grid), np.sin(1.1 * grid + 0.3)
    assert frechet_distance(moments(one), moments(other)) == pytest.approx(CANARY[0], rel=1e-6)
    assert inception_score(one) == pytest.approx(CANARY[1], rel=1e-6)
    assert kernel_distance(one, other) == pytest.approx(CANARY[2], rel=1e-6)
    assert precision_recall(one, other) == pytest.approx(CANARY[3:5], abs=1e-6)
    found = mixture_scores(2.05 * one[:, :2], ring(8, radius=2.0, deviation=0.3))
    assert [found[name] for name in ("fid", "is", "modes", "high_quality", "reverse_kl")] == (
        pytest.approx(CANARY[5:], rel=1e-6)
    )
