"""Handwritten digits of scikit-learn, 8 x 8: an image task that needs no download.

Pixels are scaled from 0..16 to [-1, 1]. All scores use the small classifier of
`bench.scoring.classifier`, so they cannot be compared with published ones. FID compares 2,000
samples with all 1,797 images; KID, precision and recall compare 1,000 with 1,000, because with all
of them they took four times as long as the rest of an evaluation. What to expect (mean +-
deviation):

- 2,000 draws of the real images: FID 1.3 +- 0.5, IS 9.80. The FID of two random halves of the data,
  898 and 899 images, is 5.2 +- 1.5: FID has a bias of about 1/n, so n is part of the score.
- uniform noise: FID 490, IS 4.5.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import torch
from torch import Tensor

from bench.learner.task import Anchors, Array
from bench.scoring import classifier
from bench.scoring.metrics import Moments, moments
from bench.tasks.family import handwriting
from bench.tasks.family.images import ImageGan


@functools.cache
def _real_features() -> tuple[Array, Moments]:
    features, _ = classifier.features_and_logits(classifier.digits()[0])
    return features, moments(features)


class Digits(ImageGan):
    """Three narrow layers in the generator, four in the discriminator; Adam at 1e-3 for both."""

    name: ClassVar[str] = "digits"
    image_shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    width: ClassVar[int] = 8
    doublings: ClassVar[int] = 2
    action_size: ClassVar[int] = 64
    noise_size: ClassVar[int] = 16
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 2000
    samples: ClassVar[int] = 2000
    seconds: ClassVar[float] = 62.0
    anchors: ClassVar[Anchors] = Anchors(
        low=1600.0, high=1.3, log=True, source="untrained actors; 2,000 draws of the real images"
    )

    def images(self, device: torch.device) -> Tensor:
        """All 1,797 images, in the default dtype."""
        return handwriting.images(device)

    def look(self, images: Array) -> tuple[Array, Array]:
        """Features and logits of the digits classifier."""
        return classifier.features_and_logits(images)

    def real_features(self) -> tuple[Array, Moments]:
        """Features of all images, and their moments."""
        return _real_features()

    def sources(self) -> dict[str, str]:
        """Hashes of the images and of the classifier's weights."""
        return handwriting.sources()


task = Digits()
