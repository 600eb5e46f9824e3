"""Image GANs on data that must be downloaded, scored with the original Inception network."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.learner.task import Array, Tier
from bench.scoring import datasets, inception
from bench.scoring.metrics import Moments, moments
from bench.tasks.family.images import ImageGan


class DownloadedGan(ImageGan):
    """An image GAN on downloaded data, scored as in the literature.

    FID compares Inception features of 10,000 samples with those of all training images. This is the
    protocol of Lucic et al. (2018, arXiv 1711.10337); others use 50,000 samples. Precision and
    recall compare 10,000 with the first 10,000, KID is the mean over 100 subsets of 1,000.
    """

    tier: ClassVar[Tier] = "full"
    kid_subsets: ClassVar[int] = 100
    neighbours: ClassVar[int] = 10_000
    noise_size: ClassVar[int] = 128
    batch_rows: ClassVar[int] = 64
    lr: ClassVar[float] = 2e-4
    updates: ClassVar[int] = 50_000
    samples: ClassVar[int] = 10_000
    evaluations: ClassVar[int] = 5
    window: ClassVar[int] = 1
    source: ClassVar[str]  # in bench.scoring.datasets

    def images(self, device: torch.device) -> Tensor:
        """The training images, as bytes to save memory."""
        return _on(self.source, datasets.root(), device)

    def look(self, images: Array) -> tuple[Array, Array]:
        """Inception's pooled features and logits of the images, rounded to bytes."""
        pixels = ((images.clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)
        return inception.features_and_logits(pixels.reshape(-1, *self.image_shape))

    def real_features(self) -> tuple[Array, Moments]:
        """Features of all training images, and their moments."""
        return _features(self.source, self.image_shape, datasets.root())

    def missing(self) -> str | None:
        """Whether images or Inception weights must be downloaded, by `python -m bench fetch`."""
        return datasets.what_is_missing(self.source, "inception")

    def files(self) -> list[Path]:
        """The files of the images and of the Inception weights."""
        return [p for name in (self.source, "inception") for p in datasets.SOURCES[name].paths()]

    def sources(self) -> dict[str, str]:
        """Published hashes of the archives and the weights, known without a download."""
        return {name: datasets.SOURCES[name].identity for name in (self.source, "inception")}


@functools.cache
def _on(source: str, root: object, device: torch.device) -> Tensor:
    return datasets.images(source).to(device)


@functools.cache
def _features(source: str, shape: tuple[int, ...], root: object) -> tuple[Array, Moments]:
    features = inception.real_features(source, shape)
    return features, moments(features)
