"""VAE-GAN on scikit-learn's digits: an autoencoder whose error the critic's features measure.

The actor generates an image from a code; the critic tells it from real ones; the encoder, a model,
gives every image a normal distribution of codes, close to N(0, 1), from which the actor should
restore what the critic's last hidden layer sees in it (Larsen et al., 2016, arXiv 1512.09300). Half
of the actor's codes are draws of N(0, 1), half are the encoder's, and only on these its loss has
the second part. The score is the FID of its images of draws of N(0, 1). `unexplained` is the share
of the images' variance that restoring from the mean code leaves. Known answers: 1 if codes are
ignored and the mean image is made, 0.326 for the best linear autoencoder with 8 numbers.

Paper against here: the paper's discriminator is shown restored images as well, here only images of
draws.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import discriminator, generator
from bench.functional.layers import blind, mlp, seeing
from bench.functional.optim import Adam
from bench.learner.problem import Act, Blueprint, Domain, Experience, Player, Role, See
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.scoring import digits_classifier
from bench.scoring.metrics import frechet_distance, inception_score, moments
from bench.tasks.family.digit_images import DigitImages

RANGES = {"unexplained": (0, None)}

PIXELS, CODE = 64, 8


class DigitsVae(DigitImages):
    """An observation is an image to restore, which the actor cannot see, and a code."""

    name: ClassVar[str] = "digits_vae"
    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "image")
    players: ClassVar[dict[str, Role]] = {"critic": "critic", "encoder": "model", "actor": "actor"}
    data_only: ClassVar[tuple[str, ...]] = ("encoder",)
    obs_size: ClassVar[int] = PIXELS + CODE
    noise_size: ClassVar[int] = 0
    seconds: ClassVar[float] = 150.0
    weight: ClassVar[float] = 0.1  # of the features' error in the actor's loss
    divergence: ClassVar[float] = 0.01  # weight of the KL divergence beside the features' error
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
        Metric("unexplained", "share of variance", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1402.0, high=1.3, log=True, source="untrained players; 2,000 draws of the real images"
    )

    def blueprint(self) -> Blueprint:
        """The networks of `digits`, and a dense encoder of means and log deviations."""
        shape, end = self.image_shape, self.obs_size + self.action_size
        judge = discriminator(shape, self.width, self.doublings)
        encoder = mlp(128, 128, 2 * CODE, activation="relu")
        made = seeing(PIXELS, None, generator(shape, self.width, self.doublings))
        return Blueprint(
            actor=Player(made, Adam(self.lr)),
            critic=Player(blind(self.obs_size, self.action_size, judge), Adam(self.lr)),
            encoder=Player(seeing(self.obs_size, end, encoder), Adam(self.lr)),
        )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """Images of draws of N(0, 1), and real ones, whose codes are still 0."""
        rows = self.batch_rows
        code = rng.normal(rng.fold(key, "codes"), (rows, CODE))
        own = torch.cat([torch.zeros(rows, PIXELS), code], dim=1)
        obs = torch.cat([own, torch.zeros_like(own)])
        action = torch.cat(
            [act(own, rng.fold(key, "fresh")), self.real(rng.fold(key, "data"), rows)]
        )
        reward = torch.cat([torch.zeros(rows), torch.ones(rows)])
        return Experience(obs, action, reward, obs, torch.zeros_like(reward))

    def shown(self, player: str, batch: Experience, see: See, key: Tensor) -> Experience:
        """Half of what the actor is asked for are real images, by codes of the encoder."""
        if player == "encoder":  # its draws are part of what it is shown
            return batch._replace(next_obs=rng.normal(key, tuple(batch.next_obs.shape)))
        if player != "actor":
            return batch
        rows = self.own(batch)
        images = batch.action[rows : rows + rows // 2]
        code, _ = _drawn(see, images, rng.normal(key, (len(images), CODE)))
        asked = torch.cat([images, code], dim=1)
        return batch._replace(obs=torch.cat([asked, batch.obs[len(images) :]]))

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """The error of restored images in the critic's features, and the codes' KL divergence."""
        rows = self.own(batch)
        images = batch.action[rows:]
        code, divergence = _drawn(see, images, batch.next_obs[rows:, :CODE])
        restored = see("actor", torch.cat([images, code], dim=1))
        return _error(see, restored, images) + self.divergence * divergence

    def aside(self, see: See, obs: Tensor, action: Tensor) -> Tensor | None:
        """The same error on the rows that should restore an image, times `weight`."""
        rows = len(obs) // 2
        error = _error(see, action[:rows], obs[:rows, :PIXELS])
        return self.weight * torch.cat([error, torch.zeros(len(obs) - rows)])

    def probe(self, rows: int) -> Tensor:
        """Draws of N(0, 1), the same ones every time, and zeros in place of images."""
        return torch.cat([torch.zeros(rows, PIXELS), rng.normal(rng.seed_key(0), (rows, CODE))], 1)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Scores of images of draws, and how well images are restored from their mean codes."""
        if not np.isfinite(actions).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        features, logits = self.look(actions)
        images, _ = digits_classifier.digits()
        blank = np.zeros((len(images), self.obs_size))
        mean = critic(blank, images, player="encoder")[:, :CODE]
        restored = critic(np.hstack([images, mean]), images, player="actor")
        error = np.square(restored - images).sum() / np.square(images - images.mean(axis=0)).sum()
        return {
            "fid": frechet_distance(moments(features), self.real_features()[1]),
            "is": inception_score(logits),
            "unexplained": float(error),
        }


def _drawn(see: See, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Codes [B, CODE] of images, and the KL divergence [B] of their distribution from N(0, 1)."""
    blank = torch.zeros(len(images), PIXELS + CODE)
    mean, spread = see("encoder", blank, images).split(CODE, dim=1)
    spread = spread.clamp(-5.0, 5.0)
    divergence = 0.5 * (mean.square() + (2.0 * spread).exp() - 2.0 * spread - 1.0).sum(dim=1)
    return mean + spread.exp() * noise, divergence


def _error(see: See, made: Tensor, images: Tensor) -> Tensor:
    """The squared error [B] per feature of the critic's last hidden layer."""
    blank = torch.zeros(len(images), PIXELS + CODE)
    one, other = (see("critic", blank, part, features=True) for part in (made, images))
    return (one - other).square().mean(dim=1)


task = DigitsVae()
