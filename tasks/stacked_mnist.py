"""Stacked MNIST: three digits of MNIST as the channels of one image, 28 x 28, 1,000 modes.

The test of mode collapse of Metz et al. (2017, arXiv 1611.02163). A classifier labels each channel,
which gives a number from 0 to 999, the mode. The score is the KL divergence, from the modes'
frequencies in 25,600 samples to uniform; `modes` counts those with a sample. Real stacks give 0.020
+- 0.001 nats and all 1,000 modes: even uniform draws are (1000 - 1) / (2 * 25,600) = 0.0195 away.
One mode alone gives log(1000) = 6.91, as untrained actors do; uniform noise 6.90 and 5 modes.

Published, as modes / KL:

- Lin et al. (2018, arXiv 1712.04086, PacGAN), table 2: DCGAN 99 / 3.40 and VEEGAN 150 / 2.95, both
  by Srivastava et al. (2017, arXiv 1705.07761); their own DCGAN 78.9 / 4.50; PacDCGAN2 1,000 /
  0.06. Adam at 2e-4 with beta1 0.5, batches of 64, 50 passes over 128,000 stacks, 26,000 samples.
- their table 3, with the small networks of Metz et al. and 25,600 samples: DCGAN 30.6 / 5.99 where
  the discriminator has a quarter of the generator's size, 628 / 2.58 where it has half of it.
- Huang et al. (2024, arXiv 2501.05441, R3GAN): 1,000 / 0.029, close to what chance allows.

Here it differs: 5,000 images of MNIST instead of 60,000 or more, stacked anew for every batch; the
classifier of `bench.scoring.mnist_classifier` (98.2 % of held-out images); the small networks of
`mnist`, without batch norm; Adam's own beta1 of 0.9; 20,000 updates. So the tables say what
collapse looks like, and are no reference. An evaluation of ten seeds takes 6 GB of memory, and a
minute on one core.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import discriminator, generator
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Anchors, Array, Critic, Metric, Tier
from bench.scoring import mnist, mnist_classifier
from bench.scoring.metrics import coverage
from bench.tasks.family import mnist_images
from bench.tasks.family.gan import Gan

RANGES = {"kl": (0, 6.9078), "modes": (0, 1000, "whole")}  # log(1000)


class StackedMnist(Gan):
    """The networks of `mnist`, for three channels."""

    name: ClassVar[str] = "stacked_mnist"
    kinds: ClassVar[tuple[str, ...]] = ("image",)
    tier: ClassVar[Tier] = "full"
    image_shape: ClassVar[tuple[int, int, int]] = (3, 28, 28)
    action_size: ClassVar[int] = 2352
    noise_size: ClassVar[int] = 64
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 20_000
    samples: ClassVar[int] = 25_600
    evaluations: ClassVar[int] = 5
    window: ClassVar[int] = 1
    seconds: ClassVar[float] = 60_000.0  # 3 s per update of 10 seeds
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("kl", "nats", "lower"),
        Metric("modes", "of 1,000", "higher"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=6.9, high=0.02, source="one mode alone, log(1000); 25,600 stacks of real digits"
    )

    def blueprint(self) -> Blueprint:
        """DCGAN's generator, and a discriminator that mirrors it."""
        return Blueprint(
            actor=Player(generator(self.image_shape, 32, 2), Adam(2e-4)),
            critic=Player(discriminator(self.image_shape, 32, 2), Adam(2e-4)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Stacks of three images, drawn independently with replacement."""
        images = mnist_images.images(key.device)
        drawn = images[rng.integers(key, (rows, 3), len(images))].flatten(1)
        return drawn / 127.5 - 1.0

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """KL divergence and number of modes of the actor's images, by the classifier's labels."""
        if not np.isfinite(actions).all():
            return {"kl": float("nan"), "modes": float("nan")}
        digits = mnist_classifier.CLASSIFIER.labels(actions.reshape(-1, 784)).reshape(-1, 3)
        return coverage(digits @ np.array([100, 10, 1]), 1000)

    def missing(self) -> str | None:
        """Whether the package with the images is missing, or has another file."""
        return mnist.missing()

    def sources(self) -> dict[str, str]:
        """Hashes of the images' file and of the classifier's weights."""
        return mnist_images.sources()


task = StackedMnist()
