"""The digits and the classifier that scores them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.functional import rng
from bench.scoring import digits_classifier
from bench.scoring.metrics import frechet_distance, inception_score, moments
from bench.tasks.digits import task
from bench.training.trace import trace


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    """Training and the frozen samples are in PyTorch's own dtype, on one thread."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)


CLASSIFIER = digits_classifier.CLASSIFIER


def NOBODY(obs: object, actions: object) -> NDArray[np.float64]:  # noqa: N802
    """A critic that is never asked."""
    raise AssertionError


def noisy(key: torch.Tensor, rows: int, deviation: float) -> NDArray[np.float32]:
    """Real images with Gaussian noise."""
    noise = rng.normal(rng.fold(key, "noise"), (rows, 64))
    return (task.real(rng.fold(key, "real"), rows) + deviation * noise).numpy()


def test_data() -> None:
    images, classes = digits_classifier.digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (-1.0, 1.0)
    assert np.unique(images).size == 17  # sixteenths, kept exactly
    assert np.bincount(classes).min() > 150


def test_distance_of_random_halves() -> None:
    """The floor: the bias of two halves, about 5 with these features."""
    features, _ = CLASSIFIER.features_and_logits(digits_classifier.digits()[0])
    distances = []
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(len(features))
        halves = [moments(features[part]) for part in (order[:898], order[898:])]
        distances.append(frechet_distance(*halves))
    # 5.2 +- 1.5 each: five standard errors of a mean of ten
    assert np.mean(distances) == pytest.approx(5.2, abs=2.4)


def test_scores_are_ordered() -> None:
    key = rng.seed_key(3)
    real = task.judge(task.real(key, task.samples).numpy(), NOBODY)
    blurred = task.judge(noisy(key, task.samples, 0.5), NOBODY)
    uniform = task.judge(2.0 * rng.uniform(key, (task.samples, 64)).numpy() - 1.0, NOBODY)
    assert real["fid"] < 4.0
    assert 10.0 < blurred["fid"] < 300.0 < uniform["fid"]
    assert real["is"] > 9.7 > blurred["is"] > uniform["is"]
    assert real["kid"] < blurred["kid"] < uniform["kid"]
    # Draws from all images against the first 1,000 of them: balls of neighbours hold nine in ten.
    assert real["precision"] == pytest.approx(0.92, abs=0.05)
    assert real["recall"] == pytest.approx(0.92, abs=0.05)
    assert real["precision"] > blurred["precision"] > uniform["precision"]
    assert real["recall"] > uniform["recall"]  # blurred ones are wide apart, and so cover much


def test_all_real_images_are_at_distance_zero() -> None:
    scores = task.judge(digits_classifier.digits()[0], NOBODY)
    assert scores["fid"] == pytest.approx(0.0, abs=1e-6)


def test_one_image_again_and_again_is_one_class() -> None:
    image = digits_classifier.digits()[0][:1]
    scores = task.judge(np.repeat(image, task.samples, axis=0), NOBODY)
    assert scores["is"] == pytest.approx(1.0, abs=1e-4)
    assert scores["precision"] == 1.0  # it is a real one
    # Its third neighbour is itself: a ball of no size, which holds that image alone.
    assert scores["recall"] == pytest.approx(1 / 1000, abs=1e-6)


def test_what_has_diverged_scores_nan() -> None:
    images = noisy(rng.seed_key(4), 100, 0.1)
    images[7, 7] = np.nan
    scores = task.judge(images, NOBODY)
    assert set(scores) == {metric.name for metric in task.metrics}
    assert all(math.isnan(value) for value in scores.values())


def test_canary() -> None:
    """Frozen samples have frozen scores: nobody changed pixels, features or formulas unseen."""
    features, logits = CLASSIFIER.features_and_logits(noisy(rng.seed_key(5), 1000, 0.7))
    real, _ = CLASSIFIER.features_and_logits(digits_classifier.digits()[0])
    found = (frechet_distance(moments(features), moments(real)), inception_score(logits))
    assert found == pytest.approx((101.787, 8.57221), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_follow_the_default_dtype_and_the_key(dtype: torch.dtype) -> None:
    torch.set_default_dtype(dtype)
    keys = torch.stack([rng.seed_key(seed) for seed in range(3)])
    batched = torch.func.vmap(lambda key: task.real(key, 5))
    recorded = trace(batched, keys)(keys)
    assert recorded.dtype == dtype
    assert recorded.shape == (3, 5, 64)
    for seed, key in enumerate(keys):
        assert torch.equal(task.real(key, 5), recorded[seed])
    images = {image.tobytes() for image in digits_classifier.digits()[0]}
    assert all(image.tobytes() in images for image in recorded.reshape(-1, 64).float().numpy())


def test_the_sources_name_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    before = task.sources()
    assert before == task.sources()
    monkeypatch.setattr(digits_classifier, "SHA256", "0" * 64)
    assert task.sources() != before
