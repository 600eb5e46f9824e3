"""The two classifiers whose features score digits: their files, features and training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.scoring import digits_classifier, mnist, mnist_classifier
from bench.scoring.classifier import WrongWeights, held_out


def scaled_mnist() -> tuple[np.ndarray, np.ndarray]:
    """All images in [-1, 1], and their digits."""
    pixels, classes = mnist.images()
    return mnist.scaled(pixels), classes


pytestmark = pytest.mark.parametrize(
    ("module", "data"),
    [(digits_classifier, digits_classifier.digits), (mnist_classifier, scaled_mnist)],
    ids=["digits", "mnist"],
)


def test_it_knows_held_out_digits(module: Any, data: Any) -> None:
    """0.983 and 0.982; a binomial deviation of 1,000 images is 0.004."""
    images, classes = data()
    assert np.bincount(classes[held_out(len(images))]).min() > 25
    known = module.CLASSIFIER.accuracy(module.CLASSIFIER.load(), images, classes)
    assert known == pytest.approx(0.982, abs=0.0025)


def test_features_are_those_before_the_last_layer(module: Any, data: Any) -> None:
    images = data()[0][::30]
    features, logits = module.CLASSIFIER.features_and_logits(images)
    assert features.shape == (len(images), module.FEATURES)
    assert features.dtype == np.float64
    params = module.CLASSIFIER.load()
    expected = features @ params["logits/weight"].double().numpy().T
    expected += params["logits/bias"].double().numpy()
    assert logits == pytest.approx(expected, abs=1e-3)  # float32 sums of terms of about 10
    assert (module.CLASSIFIER.labels(images) == logits.argmax(axis=1)).all()


def test_every_feature_is_alive(module: Any, data: Any) -> None:
    features, _ = module.CLASSIFIER.features_and_logits(data()[0])
    assert np.linalg.matrix_rank(np.cov(features, rowvar=False)) == module.FEATURES


def test_a_flipped_byte_is_refused(module: Any, data: Any, tmp_path: Path) -> None:
    content = bytearray(module.CLASSIFIER.weights.read_bytes())
    assert len(content) < 500_000
    content[len(content) // 2] ^= 1
    planted = tmp_path / "weights.npz"
    planted.write_bytes(content)
    with pytest.raises(WrongWeights, match="restore the file") as refusal:
        module.CLASSIFIER.load(planted)
    assert str(planted) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with pytest.raises(WrongWeights, match=r"none\.npz is missing"):
        module.CLASSIFIER.load(tmp_path / "none.npz")


def test_the_same_weights_are_the_same_bytes(module: Any, data: Any, tmp_path: Path) -> None:
    params = module.CLASSIFIER.load()
    assert {leaf.dtype for leaf in params.values()} == {torch.float32}
    assert module.CLASSIFIER.save(params, tmp_path / "again.npz") == module.SHA256


def test_training_is_deterministic(module: Any, data: Any) -> None:
    first, second = module.train(epochs=1), module.train(epochs=1)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_training_again_is_as_accurate(module: Any, data: Any) -> None:
    """Not the hash: other processors and PyTorch versions round otherwise."""
    assert module.CLASSIFIER.accuracy(module.train(), *data()) >= 0.97
