"""5,000 images of MNIST, 28 x 28, from an installed package: larger digits without a download.

500 of each digit, drawn with replacement. All scores use the small classifier of
`bench.scoring.mnist_classifier`, which knows 98.2 % of 1,000 held-out images, so they cannot be
compared with published ones. FID, precision and recall compare 5,000 samples with all 5,000 images;
KID is the mean over 10 subsets of 1,000. What to expect (mean +- deviation):

- 5,000 draws of the real images: FID 0.82 +- 0.14, IS 9.61, precision 1, recall 0.92. The FID of
  two random halves of the data is 3.3 +- 0.7: FID has a bias of about 1/n, so n is part of the
  score. The held-out images are at 3.7 from the others, two random parts of these sizes at 5.7 +-
  1.2: the features are not those of images that were learned by heart.
- uniform noise: FID 1,355, IS 1.01; untrained actors: FID 1,164 +- 128. Their precision is 0 or 1:
  they make one image, and the balls of rare digits are large. Read precision with recall.

The learning rate, the batch and the kind of networks are those of DCGAN (Radford et al., 2016,
arXiv 1511.06434); beta1 is Adam's own 0.9 instead of 0.5, and there is no batch norm: `low_beta1`
and `batch_norm_split` are strategies.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import torch
from torch import Tensor

from bench.learner.task import Anchors, Array, Tier
from bench.scoring import mnist, mnist_classifier
from bench.scoring.metrics import Moments, moments
from bench.tasks.family import mnist_images
from bench.tasks.family.images import ImageGan

RANGES = {"is": (1, 10)}


@functools.cache
def _real_features() -> tuple[Array, Moments]:
    features, _ = mnist_classifier.CLASSIFIER.features_and_logits(mnist.scaled(mnist.images()[0]))
    return features, moments(features)


class Mnist(ImageGan):
    """The networks of `fashion_mnist` at half the width."""

    name: ClassVar[str] = "mnist"
    tier: ClassVar[Tier] = "full"
    image_shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    width: ClassVar[int] = 32
    doublings: ClassVar[int] = 2
    lr: ClassVar[float] = 2e-4
    kid_subsets: ClassVar[int] = 10
    neighbours: ClassVar[int] = 5000  # all: the images are sorted by digit
    action_size: ClassVar[int] = 784
    noise_size: ClassVar[int] = 64
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 20_000
    samples: ClassVar[int] = 5000
    seconds: ClassVar[float] = 35_000.0  # 1.7 s per update of 10 seeds
    anchors: ClassVar[Anchors] = Anchors(
        low=1160.0, high=0.82, log=True, source="untrained actors; 5,000 draws of the real images"
    )

    def images(self, device: torch.device) -> Tensor:
        """All 5,000 images, as bytes."""
        return mnist_images.images(device)

    def look(self, images: Array) -> tuple[Array, Array]:
        """Features and logits of the MNIST classifier."""
        return mnist_classifier.CLASSIFIER.features_and_logits(images)

    def real_features(self) -> tuple[Array, Moments]:
        """Features of all images, and their moments."""
        return _real_features()

    def missing(self) -> str | None:
        """Whether the package with the images is missing, or has another file."""
        return mnist.missing()

    def sources(self) -> dict[str, str]:
        """Hashes of the images' file and of the classifier's weights."""
        return mnist_images.sources()


task = Mnist()
