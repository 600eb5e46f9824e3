"""Generative adversarial networks as a stateless actor-critic problem (arXiv 1610.01945)."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Act, Domain, Experience, Half, Halves, Rules
from bench.learner.task import Task


class GanRules(Rules):
    """By what a critic plays that tells data from samples, and the actor that it judges.

    The first half of a batch are samples (reward 0), the second data (reward 1). The critic's
    output q is a logit, its loss the cross-entropy summed over the two halves; the actor minimises
    softplus(-q) = -log sigmoid(q).
    """

    domain: ClassVar[Domain] = "gan"

    def own(self, fresh: Experience) -> int:
        """Half of the rows: the actor's samples come first."""
        return fresh.reward.shape[0] // 2

    def actor_obs(self, batch: Experience) -> Tensor:
        """Half of the batch: the actor is blind, and is not updated where the reward is 1."""
        return batch.obs[: batch.reward.shape[0] // 2]

    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """The real samples and the actor's samples of the batch."""
        rows = batch.reward.shape[0] // 2
        return Halves(
            data=Half(batch.obs[rows:], batch.action[rows:]),
            own=Half(batch.obs[:rows], batch.action[:rows]),
        )

    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """Twice the cross-entropy, so that its mean over both halves is the usual sum of two."""
        return 2.0 * torch.nn.functional.binary_cross_entropy_with_logits(
            q, target, reduction="none"
        )

    def actor_loss(self, q: Tensor) -> Tensor:
        """-log sigmoid(q), the non-saturating loss."""
        return torch.nn.functional.softplus(-q)

    def value(self, q: Tensor) -> Tensor:
        """sigmoid(q): the critic's probability of "real", its estimate of the reward."""
        return torch.sigmoid(q)

    def uninformed(self, target: Tensor) -> Tensor:
        """1/2, which an uninformed critic predicts; it is also the mean reward."""
        return torch.full((), 0.5)


class Gan(GanRules, Task):
    """The non-saturating GAN of Goodfellow et al. (2014, arXiv 1406.2661).

    A batch has `batch_rows` samples of the actor, then as many real ones.
    """

    @abstractmethod
    def real(self, key: Tensor, rows: int) -> Tensor:
        """Real samples [rows, A] drawn with `key`."""

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's samples and real ones; there is no environment."""
        rows = self.batch_rows
        obs = torch.zeros(2 * rows, self.obs_size)
        own = act(obs[:rows], rng.fold(key, "fresh"))
        reward = torch.cat([torch.zeros(rows), torch.ones(rows)])
        action = torch.cat([own, self.real(rng.fold(key, "data"), rows)])
        return Experience(obs, action, reward, obs, torch.zeros_like(reward))
