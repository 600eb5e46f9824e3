"""InfoGANs: samples that must tell which code they were made from."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from sklearn.metrics import mutual_info_score
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Act, Domain, Experience, Role, See
from bench.learner.task import Array, Critic
from bench.tasks.family.gan import Gan


class InfoGan(Gan):
    """A GAN with a recogniser (Chen et al., 2016, arXiv 1606.03657, equation 6).

    The actor observes one of `codes` codes, drawn evenly, beside its noise. The critic is blind to
    it. The recogniser, a model that is blind to it too, learns to tell it from the sample; the
    actor's loss gets `weight` times the recogniser's cross-entropy, whose gradient passes through
    the recogniser into the sample.

    Paper against here: the paper's recogniser shares all layers but the last with the critic; here
    it is a player of its own.
    """

    domain: ClassVar[Domain] = "extension"
    players: ClassVar[dict[str, Role]] = {
        "critic": "critic",
        "recogniser": "model",
        "actor": "actor",
    }
    codes: ClassVar[int]
    weight: ClassVar[float] = 1.0

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's samples of even codes, and real ones, which have no code."""
        rows = self.batch_rows
        code = rng.integers(rng.fold(key, "codes"), (rows,), self.codes)
        told = one_hot(code, self.codes)
        obs = torch.cat([told, torch.zeros_like(told)])
        own = act(told, rng.fold(key, "fresh"))
        action = torch.cat([own, self.real(rng.fold(key, "data"), rows)])
        reward = torch.cat([torch.zeros(rows), torch.ones(rows)])
        return Experience(obs, action, reward, obs, torch.zeros_like(reward))

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """The recogniser's cross-entropy in nats on the actor's samples."""
        rows = self.own(batch)
        obs, action = batch.obs[:rows], batch.action[:rows]
        return cross_entropy(see("recogniser", obs, action), obs)

    def aside(self, see: See, obs: Tensor, action: Tensor) -> Tensor | None:
        """The recogniser's cross-entropy on the actor's samples, times `weight`."""
        return self.weight * cross_entropy(see("recogniser", obs, action), obs)

    def probe(self, rows: int) -> Tensor:
        """Every code in turn."""
        return one_hot(torch.arange(rows) % self.codes, self.codes)

    def information(self, labels: Array, good: Array, kinds: int) -> float:
        """The mutual information in nats of code and label [N] of the samples at `probe`.

        A label is one of `kinds`. Samples that are not good [N] tell nothing: those of a code get
        each label in turn. From 0 to log(codes); counts alone give (codes - 1)(kinds - 1) / 2N of
        independent ones.
        """
        codes, told = np.arange(len(labels)) % self.codes, labels.copy()
        for code in range(self.codes):
            (missed,) = np.nonzero((codes == code) & ~good)
            told[missed] = np.arange(len(missed)) % kinds
        return float(mutual_info_score(codes, told))

    def recognition(self, actions: Array, players: Critic) -> float:
        """The recogniser's bound on the information of code and sample, in nats, from samples.

        log(codes) - cross-entropy on samples [N, A] at `probe`.
        """
        codes = np.arange(len(actions)) % self.codes
        logits = players(np.eye(self.codes)[codes], actions, player="recogniser").astype(float)
        logits -= logits.max(axis=1, keepdims=True)
        told = logits[np.arange(len(codes)), codes] - np.log(np.exp(logits).sum(axis=1))
        return float(np.log(self.codes) + told.mean())


def one_hot(codes: Tensor, count: int) -> Tensor:
    """Codes [B] in 0..count-1 as rows [B, count] with a single 1."""
    places = torch.arange(count, device=codes.device)
    return (codes[:, None] == places).to(torch.get_default_dtype())


def cross_entropy(logits: Tensor, told: Tensor) -> Tensor:
    """The cross-entropy [B] in nats of logits [B, K] with one-hot rows [B, K]."""
    return -(torch.log_softmax(logits, dim=1) * told).sum(dim=1)
