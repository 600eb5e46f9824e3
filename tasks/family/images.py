"""Image GANs: a small DCGAN pair, scored by the features of a classifier."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import discriminator, generator
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Array, Critic, Metric
from bench.scoring.metrics import (
    Moments,
    frechet_distance,
    inception_score,
    kernel_distance,
    moments,
    precision_recall,
)
from bench.tasks.family.gan import Gan

RANGES = {"is": (1, 1008), "kid": (None, None)}  # Inception has 1,008 classes; KID is unbiased


class ImageGan(Gan):
    """Convolutional networks on `image_shape`; the layer with the fewest channels has `width`."""

    kinds: ClassVar[tuple[str, ...]] = ("image",)
    image_shape: ClassVar[tuple[int, int, int]]
    width: ClassVar[int]
    doublings: ClassVar[int]  # how often the generator doubles the sides of its images
    compiled: ClassVar[bool] = False
    kid_subsets: ClassVar[int] = 1
    kid_size: ClassVar[int] = 1000
    neighbours: ClassVar[int] = 1000  # how many first rows precision and recall compare
    lr: ClassVar[float] = 1e-3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
        Metric("kid", "squared discrepancy", "lower"),
        Metric("precision", "share", "higher"),
        Metric("recall", "share", "higher"),
    )

    def blueprint(self) -> Blueprint:
        """DCGAN's generator and a discriminator that mirrors it, without normalisation layers."""
        shape = self.image_shape
        return Blueprint(
            actor=Player(generator(shape, self.width, self.doublings), Adam(self.lr)),
            critic=Player(discriminator(shape, self.width, self.doublings), Adam(self.lr)),
        )

    @abstractmethod
    def images(self, device: torch.device) -> Tensor:
        """All real images [N, A]: in [-1, 1], or of dtype uint8 in 0..255."""

    @abstractmethod
    def look(self, images: Array) -> tuple[Array, Array]:
        """Features [N, D] and logits [N, K] of images [N, A] in [-1, 1]."""

    @abstractmethod
    def real_features(self) -> tuple[Array, Moments]:
        """Features of the real images that the scores are computed against, and their moments."""

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Real images, drawn with replacement."""
        images = self.images(key.device)
        drawn = images[rng.integers(key, (rows,), len(images))]
        return drawn / 127.5 - 1.0 if images.dtype == torch.uint8 else drawn

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Scores of the actor's images against all real ones."""
        if not np.isfinite(actions).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        features, logits = self.look(actions)
        real, real_moments = self.real_features()
        precision, recall = precision_recall(features[: self.neighbours], real[: self.neighbours])
        return {
            "fid": frechet_distance(moments(features), real_moments),
            "is": inception_score(logits),
            "kid": kernel_distance(features, real, subsets=self.kid_subsets, size=self.kid_size),
            "precision": precision,
            "recall": recall,
        }
