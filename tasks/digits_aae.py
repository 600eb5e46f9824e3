"""Adversarial autoencoder on scikit-learn's digits: codes that look like draws of N(0, 1).

The actor encodes an image, its observation; the critic tells its codes from draws of N(0, 1); the
decoder, a model, learns to restore the image, and the actor helps it (Makhzani et al., 2016, arXiv
1511.05644). It is InfoGAN with observation and action exchanged. The score is the FID of what the
decoder makes of draws of N(0, 1): low if images are restored and codes have the right distribution,
not by either alone. Known answers: the best linear autoencoder with 8 numbers leaves 0.326 of the
variance unexplained (`unexplained`); the nearest of the other codes belongs to the same class
(`same_class`) in 0.10 of images if codes are noise, and in 0.96 with the first 8 principal
components as codes, whose FID, as a normal distribution, is 57.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import generator
from bench.functional.layers import blind, mlp
from bench.functional.optim import Adam
from bench.learner.problem import Act, Blueprint, Domain, Experience, Player, Role, See
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.scoring import digits_classifier
from bench.scoring.metrics import frechet_distance, inception_score, moments
from bench.tasks.family import handwriting
from bench.tasks.family.digit_images import real_features
from bench.tasks.family.gan import Gan

RANGES = {"is": (1, 10), "unexplained": (0, None)}

DRAWS = 2000
IMAGES = 1797


class DigitsAae(Gan):
    """Dense encoder and critic, DCGAN's generator as the decoder; Adam at 1e-3 for all."""

    name: ClassVar[str] = "digits_aae"
    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "image")
    players: ClassVar[dict[str, Role]] = {"critic": "critic", "decoder": "model", "actor": "actor"}
    obs_size: ClassVar[int] = 64
    action_size: ClassVar[int] = 8
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 3000
    samples: ClassVar[int] = IMAGES
    picture_shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    seconds: ClassVar[float] = 120.0
    weight: ClassVar[float] = 10.0  # of the squared error, which ends near 0.03 a pixel
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
        Metric("unexplained", "share of variance", "lower"),
        Metric("same_class", "share", "higher"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1474.0, high=1.3, log=True, source="untrained players; 2,000 draws of the real images"
    )

    def blueprint(self) -> Blueprint:
        """The critic is blind to images, the decoder as well."""
        sizes, size = (self.obs_size, self.action_size), self.action_size
        return Blueprint(
            actor=Player(mlp(128, 128, size, activation="relu"), Adam(1e-3)),
            critic=Player(blind(*sizes, mlp(128, 128, 1, activation="relu")), Adam(1e-3)),
            decoder=Player(blind(*sizes, generator((1, 8, 8), 16, 2)), Adam(1e-3)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Draws of N(0, 1), what codes should look like."""
        return rng.normal(key, (rows, self.action_size))

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's codes of images, and draws of N(0, 1), which have no image."""
        rows = self.batch_rows
        images = handwriting.images(key.device)
        image = images[rng.integers(rng.fold(key, "images"), (rows,), len(images))]
        obs = torch.cat([image, torch.zeros_like(image)])
        own = act(image, rng.fold(key, "fresh"))
        action = torch.cat([own, self.real(rng.fold(key, "data"), rows)])
        reward = torch.cat([torch.zeros(rows), torch.ones(rows)])
        return Experience(obs, action, reward, obs, torch.zeros_like(reward))

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """The decoder's mean squared error per pixel on the actor's codes."""
        rows = self.own(batch)
        obs, action = batch.obs[:rows], batch.action[:rows]
        return (see("decoder", obs, action) - obs).square().mean(dim=1)

    def aside(self, see: See, obs: Tensor, action: Tensor) -> Tensor | None:
        """The same error as the actor's own aim, times `weight`."""
        return self.weight * (see("decoder", obs, action) - obs).square().mean(dim=1)

    def probe(self, rows: int) -> Tensor:
        """All images."""
        return handwriting.images(torch.device("cpu"))[:rows]

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Images made of draws of N(0, 1), images restored, and classes of neighbouring codes."""
        if not np.isfinite(actions).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        images, classes = digits_classifier.digits()
        features, logits = digits_classifier.CLASSIFIER.features_and_logits(self.drawn(critic))
        restored = critic(images, actions, player="decoder")
        error = np.square(restored - images).sum() / np.square(images - images.mean(axis=0)).sum()
        nearest = NearestNeighbors(n_neighbors=2).fit(actions).kneighbors(return_distance=False)
        return {
            "fid": frechet_distance(moments(features), real_features()[1]),
            "is": inception_score(logits),
            "unexplained": float(error),
            "same_class": float((classes[nearest[:, 0]] == classes).mean()),
        }

    def pictures(self, actions: Array, critic: Critic) -> Array:
        """What the decoder makes of draws of N(0, 1)."""
        return self.drawn(critic)

    def drawn(self, critic: Critic) -> Array:
        """Images [DRAWS, 64] that the decoder makes of the same draws every time."""
        draws = np.random.default_rng(0).normal(size=(DRAWS, self.action_size))
        return critic(np.zeros((DRAWS, self.obs_size)), draws, player="decoder")

    def sources(self) -> dict[str, str]:
        """Hashes of the images and of the classifier's weights."""
        return handwriting.sources()


task = DigitsAae()
