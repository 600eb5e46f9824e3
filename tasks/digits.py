"""The 8x8 handwritten digits that scikit-learn carries: images, without a download.

Pixels are scaled from 0..16 to [-1, 1]. `fid` and `is` look through the small classifier of
`bench.classifier` at 2,000 samples against the moments of all 1,797 images, so they compare with
nothing published. What to expect (mean +- deviation):

- 2,000 draws of the real images: FID 1.3 +- 0.5, IS 9.80. Two random halves of the data, 898 and
  899 images, differ by 5.2 +- 1.5; FID is biased by about 1/n, so n is part of the score.
- uniform noise: FID 490, IS 4.5. The untrained actor: FID 1,550 +- 40, IS 1.3 +- 0.1.
- bare, after 2,000 updates: FID about 500 (300 to 830 over 10 seeds), IS 3.6, still moving.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from bench import classifier, rng
from bench.game import Blueprint, Metric, Player
from bench.metrics import Moments, frechet_distance, inception_score, moments
from bench.nets import mlp
from bench.optim import Adam
from tasks.family.gan import Gan


@functools.cache
def _images(dtype: torch.dtype, device: torch.device) -> Tensor:
    # as_tensor copies below vmap and recordings; .to() would cache one of their own tensors.
    return torch.as_tensor(classifier.digits()[0], dtype=dtype, device=device)


@functools.cache
def _real_moments() -> Moments:
    return moments(classifier.features_and_logits(classifier.digits()[0])[0])


class Digits(Gan):
    """Small networks, Adam at 1e-3 for both players.

    `classes` counts those to which the classifier assigns at least 2% of the samples.
    """

    name: ClassVar[str] = "digits"
    kinds: ClassVar[tuple[str, ...]] = ("image",)
    image_shape: ClassVar[tuple[int, int]] = (8, 8)
    action_size: ClassVar[int] = 64
    noise_size: ClassVar[int] = 16
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 2000
    samples: ClassVar[int] = 2000
    seconds: ClassVar[float] = 40.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
        Metric("classes", "of 10", "higher"),
    )

    def blueprint(self) -> Blueprint:
        """Two hidden layers each; pixels end in tanh."""
        return Blueprint(
            actor=Player(mlp(128, 128, 64, activation="relu", output="tanh"), Adam(1e-3)),
            critic=Player(mlp(128, 128, 1, activation="leaky_relu"), Adam(1e-3)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Images drawn with replacement."""
        images = _images(torch.get_default_dtype(), key.device)
        return images[rng.integers(key, (rows,), len(images))]

    def judge(self, actions: Any, core: Any) -> dict[str, float]:
        """Scores of the actor's images against all real ones."""
        if not np.isfinite(actions).all():
            return dict.fromkeys(("fid", "is", "classes"), float("nan"))
        features, logits = classifier.features_and_logits(actions)
        counts = np.bincount(logits.argmax(axis=1), minlength=10)
        return {
            "fid": frechet_distance(moments(features), _real_moments()),
            "is": inception_score(logits),
            "classes": float((counts >= 0.02 * len(actions)).sum()),
        }

    def data_hash(self) -> str:
        """The images, and the classifier's weights and code."""
        images, _ = classifier.digits()
        code = inspect.getsource(classifier).encode()
        return hashlib.sha256(images.tobytes() + classifier.SHA256.encode() + code).hexdigest()


task = Digits()
