"""GANs on images: a small DCGAN pair, scored through the features of a classifier."""

from __future__ import annotations

import functools
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench import datasets, inception, rng
from bench.conv import discriminator, generator
from bench.game import Array, Blueprint, Critic, Metric, Player, Tier
from bench.metrics import (
    Moments,
    frechet_distance,
    inception_score,
    kernel_distance,
    moments,
    precision_recall,
)
from bench.optim import Adam
from tasks.family.gan import Gan


class ImageGan(Gan):
    """Convolutions on `image_shape`, `width` channels where they are fewest."""

    kinds: ClassVar[tuple[str, ...]] = ("image",)
    image_shape: ClassVar[tuple[int, int, int]]
    width: ClassVar[int]
    doublings: ClassVar[int]  # of the sides, from the noise to the image
    kid_subsets: ClassVar[int] = 1
    kid_size: ClassVar[int | None] = None  # all there is
    lr: ClassVar[float] = 1e-3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
        Metric("kid", "squared discrepancy", "lower"),
        Metric("precision", "share", "higher"),
        Metric("recall", "share", "higher"),
    )

    def blueprint(self) -> Blueprint:
        """DCGAN's generator against its mirror image, without normalisation layers."""
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
        """Features of the real images that scores compare with, and their moments."""

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Images drawn with replacement."""
        images = self.images(key.device)
        drawn = images[rng.integers(key, (rows,), len(images))]
        return drawn / 127.5 - 1.0 if images.dtype == torch.uint8 else drawn

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Scores of the actor's images against all real ones."""
        if not np.isfinite(actions).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        features, logits = self.look(actions)
        real, real_moments = self.real_features()
        precision, recall = precision_recall(features, real[: len(features)])
        return {
            "fid": frechet_distance(moments(features), real_moments),
            "is": inception_score(logits),
            "kid": kernel_distance(features, real, subsets=self.kid_subsets, size=self.kid_size),
            "precision": precision,
            "recall": recall,
        }


class InceptionGan(ImageGan):
    """Images that must be downloaded, scored as in the literature.

    Inception features of 10,000 samples against those of all training images: the protocol of
    Lucic et al. (2018, arXiv 1711.10337), not the 50,000 samples of others. Precision and recall
    compare 10,000 with the first 10,000, KID is the mean over 100 subsets of 1,000.
    """

    tier: ClassVar[Tier] = "full"
    kid_subsets: ClassVar[int] = 100
    kid_size: ClassVar[int | None] = 1000
    noise_size: ClassVar[int] = 128
    batch_rows: ClassVar[int] = 64
    lr: ClassVar[float] = 2e-4
    updates: ClassVar[int] = 50_000
    samples: ClassVar[int] = 10_000
    evaluations: ClassVar[int] = 5
    window: ClassVar[int] = 1
    source: ClassVar[str]  # in bench.datasets

    def images(self, device: torch.device) -> Tensor:
        """The training images, as bytes to save memory."""
        return _on(self.source, datasets.root(), device)

    def look(self, images: Array) -> tuple[Array, Array]:
        """Inception's pooled features and logits of the images as bytes."""
        pixels = ((images.clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)
        return inception.features_and_logits(pixels.reshape(-1, *self.image_shape))

    def real_features(self) -> tuple[Array, Moments]:
        """Of all training images."""
        return _features(self.source, self.image_shape, datasets.root())

    def missing(self) -> str | None:
        """The images and the Inception weights are downloaded by `python -m bench fetch`."""
        return datasets.what_is_missing(self.source, "inception")

    def files(self) -> list[Path]:
        """The images and the weights."""
        return [p for name in (self.source, "inception") for p in datasets.SOURCES[name].paths()]

    def sources(self) -> dict[str, str]:
        """Published hashes of the archives and the weights, known without having them."""
        return {name: datasets.SOURCES[name].identity for name in (self.source, "inception")}


@functools.cache
def _on(source: str, root: object, device: torch.device) -> Tensor:
    return datasets.images(source).to(device)


@functools.cache
def _features(source: str, shape: tuple[int, ...], root: object) -> tuple[Array, Moments]:
    features = inception.real_features(source, shape)
    return features, moments(features)
