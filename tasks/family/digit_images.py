"""Digits as an image GAN: what tasks on scikit-learn's handwritten digits share."""

from __future__ import annotations

import functools
from typing import ClassVar

import torch
from torch import Tensor

from bench.learner.task import Anchors, Array
from bench.scoring import digits_classifier
from bench.scoring.metrics import Moments, moments
from bench.tasks.family import handwriting
from bench.tasks.family.images import ImageGan

RANGES = {"is": (1, 10)}


@functools.cache
def real_features() -> tuple[Array, Moments]:
    """Features of all 1,797 images, and their moments."""
    features, _ = digits_classifier.CLASSIFIER.features_and_logits(digits_classifier.digits()[0])
    return features, moments(features)


class DigitImages(ImageGan):
    """Three narrow layers in the generator, four in the discriminator; Adam at 1e-3 for both."""

    image_shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    width: ClassVar[int] = 8
    doublings: ClassVar[int] = 2
    action_size: ClassVar[int] = 64
    noise_size: ClassVar[int] = 16
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 2000
    samples: ClassVar[int] = 2000
    anchors: ClassVar[Anchors] = Anchors(
        low=1600.0, high=1.3, log=True, source="untrained actors; 2,000 draws of the real images"
    )

    def images(self, device: torch.device) -> Tensor:
        """All 1,797 images, in the default dtype."""
        return handwriting.images(device)

    def look(self, images: Array) -> tuple[Array, Array]:
        """Features and logits of the digits classifier."""
        return digits_classifier.CLASSIFIER.features_and_logits(images)

    def real_features(self) -> tuple[Array, Moments]:
        """Features of all images, and their moments."""
        return real_features()

    def sources(self) -> dict[str, str]:
        """Hashes of the images and of the classifier's weights."""
        return handwriting.sources()
