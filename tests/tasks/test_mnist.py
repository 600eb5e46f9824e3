"""The tasks on MNIST: what real images, collapsed ones and noise score, and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from bench.functional import rng
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.scoring import mnist, mnist_classifier
from bench.tasks import mnist as digits
from bench.tasks import stacked_mnist
from bench.training.trace import trace

SINGLE, STACKED = digits.task, stacked_mnist.task
BOTH = pytest.mark.parametrize("task", [SINGLE, STACKED], ids=["mnist", "stacked_mnist"])


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """Training is in PyTorch's own dtype."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(dtype)


def nobody(obs: object, actions: object) -> Any:
    raise AssertionError("no score of these tasks asks the critic")


def noise(rows: int, size: int) -> Any:
    """Uniform in the range of pixels."""
    return 2.0 * rng.uniform(rng.seed_key(3), (rows, size)).numpy() - 1.0


def test_real_draws_are_at_the_stated_floor() -> None:
    scores = [
        SINGLE.judge(SINGLE.real(rng.seed_key(seed), SINGLE.samples).numpy(), nobody)
        for seed in range(4)
    ]
    mean = {name: np.mean([each[name] for each in scores]) for name in scores[0]}
    # 0.82 +- 0.14 each: five standard errors of a mean of four
    assert mean["fid"] == pytest.approx(SINGLE.anchors.high, abs=0.35)
    assert mean["is"] == pytest.approx(9.61, abs=0.05)
    assert mean["precision"] == 1.0  # they are among the real images
    assert mean["recall"] == pytest.approx(0.92, abs=0.02)


def test_all_real_images_are_at_distance_zero() -> None:
    scores = SINGLE.judge(mnist.scaled(mnist.images()[0]), nobody)
    assert scores["fid"] == pytest.approx(0.0, abs=1e-6)
    assert scores["recall"] == 1.0


def test_untrained_actors_are_the_low_anchor() -> None:
    learner, scores = Learner(SINGLE, combine([])), []
    for seed in range(4):
        key = rng.seed_key(seed)
        drawn = learner.eval_action(learner.init(key), torch.zeros(SINGLE.samples, 0), key)
        scores.append(SINGLE.judge(drawn.numpy(), nobody)["fid"])
    # 1,164 +- 128 each: three standard errors of a mean of four
    assert np.mean(scores) == pytest.approx(SINGLE.anchors.low, abs=190)


def test_scores_are_ordered() -> None:
    key = rng.seed_key(3)
    real = SINGLE.real(key, SINGLE.samples)
    blurred = (real + 0.5 * rng.normal(rng.fold(key, "noise"), tuple(real.shape))).numpy()
    good, worse, bad = (
        SINGLE.judge(images, nobody)
        for images in (real.numpy(), blurred, noise(SINGLE.samples, 784))
    )
    assert good["fid"] < 2.0 < worse["fid"] < 200.0 < bad["fid"]
    assert good["is"] > 9.5 > worse["is"] > 5.0 > bad["is"]
    assert good["kid"] < worse["kid"] < bad["kid"]
    assert good["precision"] > worse["precision"] > bad["precision"] == 0.0
    assert good["recall"] > worse["recall"] > bad["recall"] == 0.0


def test_one_digit_alone_is_far_and_recalls_a_tenth() -> None:
    """All digits are compared: the images are sorted, and the first thousand are zeros and ones."""
    pixels, classes = mnist.images()
    nines = np.resize(mnist.scaled(pixels[classes == 9]), (SINGLE.samples, 784))
    scores = SINGLE.judge(nines, nobody)
    assert scores["fid"] > 50.0
    assert scores["precision"] == 1.0
    # Ten of each: its third neighbour is itself, and the balls have no size.
    assert scores["recall"] == pytest.approx(0.1, abs=0.001)


def test_real_stacks_cover_all_modes() -> None:
    """2 n KL is chi squared with 999 degrees: 999 +- 45, so the KL of a mean of three +- 0.0005."""
    scores = [
        STACKED.judge(STACKED.real(rng.seed_key(seed), STACKED.samples).numpy(), nobody)
        for seed in range(3)
    ]
    assert all(each["modes"] == 1000.0 for each in scores)
    chance = 999 / (2 * STACKED.samples)
    # The classifier is wrong in 1 %, which adds 0.0007.
    assert np.mean([each["kl"] for each in scores]) == pytest.approx(chance, abs=0.003)
    assert STACKED.anchors.high == pytest.approx(chance, abs=0.001)


def test_one_mode_alone_is_the_low_anchor() -> None:
    image = STACKED.real(rng.seed_key(0), 1).expand(STACKED.samples, -1).numpy()
    found = STACKED.judge(image, nobody)
    assert found == {"kl": pytest.approx(math.log(1000)), "modes": 1.0}
    assert STACKED.anchors.low == pytest.approx(math.log(1000), abs=0.01)


def test_noise_is_a_few_modes() -> None:
    found = STACKED.judge(noise(5000, 2352), nobody)
    assert found["kl"] > 6.5
    assert found["modes"] < 50


def test_a_mode_is_the_three_digits_in_the_order_of_channels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stacks of the digits 3, 1, 4 and a tenth of 2, 7, 1: the KL of two modes, 0.9 and 0.1."""
    pixels, classes = mnist.images()
    known = mnist_classifier.CLASSIFIER.labels(mnist.scaled(pixels)) == classes
    one = [mnist.scaled(pixels[known & (classes == digit)][:1]) for digit in range(10)]
    stacks = [np.concatenate([one[int(d)] for d in mode], axis=1) for mode in ("314", "271")]
    images = np.concatenate([np.repeat(stacks[0], 90, axis=0), np.repeat(stacks[1], 10, axis=0)])
    seen: list[Any] = []
    real = stacked_mnist.coverage
    monkeypatch.setattr(
        stacked_mnist, "coverage", lambda labels, modes: seen.append(labels) or real(labels, modes)
    )
    found = STACKED.judge(images, nobody)
    assert (np.bincount(seen[0])[[314, 271]] == [90, 10]).all()
    entropy = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert found == {"kl": pytest.approx(math.log(1000) - entropy), "modes": 2.0}


@BOTH
def test_what_has_diverged_scores_nan(task: Any) -> None:
    images = noise(100, task.action_size)
    images[7, 7] = np.nan
    scores = task.judge(images, nobody)
    assert set(scores) == {metric.name for metric in task.metrics}
    assert all(math.isnan(value) for value in scores.values())


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_follow_the_default_dtype_and_the_key(task: Any, dtype: torch.dtype) -> None:
    """Alone, in a batch and recorded; every channel is one of the images."""
    torch.set_default_dtype(dtype)
    keys = torch.stack([rng.seed_key(seed) for seed in range(3)])
    batched = torch.func.vmap(lambda key: task.real(key, 5))
    recorded = trace(batched, keys)(keys)
    assert recorded.dtype == dtype
    assert recorded.shape == (3, 5, task.action_size)
    for seed, key in enumerate(keys):
        assert torch.equal(task.real(key, 5), recorded[seed])
    known = {image.tobytes() for image in mnist.images()[0]}
    drawn = ((recorded.reshape(-1, 784) + 1.0) * 127.5).round().to(torch.uint8).numpy()
    assert all(image.tobytes() in known for image in drawn)


def test_the_channels_are_drawn_independently() -> None:
    drawn = STACKED.real(rng.seed_key(1), 200).reshape(200, 3, 784)
    assert not any(torch.equal(drawn[:, i], drawn[:, j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    equal = (drawn[:, 0] == drawn[:, 1]).all(dim=1)
    assert equal.float().mean() < 0.05  # by chance one in 5,000


@BOTH
def test_the_sources_name_images_and_weights(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = task.sources()
    for module in (mnist, mnist_classifier):
        with monkeypatch.context() as patched:
            patched.setattr(module, "SHA256", "0" * 64)
            assert task.sources() != before
    assert task.sources() == before
