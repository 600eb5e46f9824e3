"""Stacked digits: three digits as the channels of one image, 1,000 modes; a small Stacked MNIST.

Every sample stacks three of scikit-learn's 8x8 digits, drawn independently, as the channels of one
image, as Metz et al. (2017, arXiv 1611.02163) did with MNIST. The digits classifier labels each
channel, which gives a number from 0 to 999, the mode. The score is the KL divergence of the modes'
frequencies in 5,000 samples from those of independent digits of the data; 5,000 real stacks give
0.11 nats and 990 modes, one mode alone 6.9. The networks are dense, as those of `digits`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Blueprint
from bench.learner.task import Anchors, Array, Critic, FailureMode, Metric
from bench.scoring import digits_classifier
from bench.scoring.metrics import coverage
from bench.tasks.family import handwriting
from bench.tasks.family.dense_digits import dense
from bench.tasks.family.gan import Gan

RANGES = {"kl": (0, 6.9078), "modes": (0, 1000, "whole")}  # log(1000)


class StackedDigits(Gan):
    """The networks of `digits`, for three channels, with more noise."""

    name: ClassVar[str] = "stacked_digits"
    kinds: ClassVar[tuple[str, ...]] = ("image",)
    image_shape: ClassVar[tuple[int, int, int]] = (3, 8, 8)
    action_size: ClassVar[int] = 192
    noise_size: ClassVar[int] = 24
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 6_000
    samples: ClassVar[int] = 5000
    seconds: ClassVar[float] = 60.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("kl", "nats", "lower"),
        Metric("modes", "of 1,000", "higher"),
    )
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("mode dropping", "modes", "below", 500.0)
    anchors: ClassVar[Anchors] = Anchors(
        low=6.9,
        high=0.11,
        log=True,
        source="one mode alone, log(1000); 5,000 stacks of real digits",
    )

    def blueprint(self) -> Blueprint:
        """Dense networks."""
        return dense(self.action_size)

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Stacks of three images, drawn independently with replacement."""
        images = handwriting.images(key.device)
        return images[rng.integers(key, (rows, 3), len(images))].flatten(1)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """KL divergence and number of modes of the actor's images, by the classifier's labels."""
        if not np.isfinite(actions).all():
            return {"kl": float("nan"), "modes": float("nan")}
        _, logits = digits_classifier.CLASSIFIER.features_and_logits(actions.reshape(-1, 64))
        digits = logits.argmax(axis=1).reshape(-1, 3)
        return coverage(digits @ np.array([100, 10, 1]), 1000)

    def sources(self) -> dict[str, str]:
        """Hashes of the images and of the classifier's weights."""
        return handwriting.sources()


task = StackedDigits()
