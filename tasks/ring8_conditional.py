"""Conditional GAN on the ring of eight Gaussians: the observation says which mode to make.

The label is what the actor observes and what the critic judges with (Mirza and Osindero, 2014,
arXiv 1411.1784), so that nothing is needed but two players with observations. The score is the
share of samples that hit the right mode, within 3 standard deviations. Known answer: 0.989, that of
real points, and 1 for the centres alone; an actor that ignores its label has at most 1/8.
`right_mode` counts samples whose nearest mode is the right one, however far it is; every run that
learns at all comes to 1.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Act, Domain, Experience
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.scoring.metrics import mixture_scores
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.info import one_hot
from bench.tasks.family.mixture import MixtureGan


class Ring8Conditional(MixtureGan):
    """The networks of `ring8`; a sample and a real point at the same place have the same label."""

    name: ClassVar[str] = "ring8_conditional"
    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "toy")
    obs_size: ClassVar[int] = 8
    updates: ClassVar[int] = 3_000
    compiled: ClassVar[bool] = False
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02)
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("hits", "share", "higher"),
        Metric("right_mode", "share", "higher"),
        *MixtureGan.metrics,
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=0.0, high=0.989, source="untrained actors; real points, 1 - exp(-9/2)"
    )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's samples of even labels, and real points of the same ones."""
        rows = self.batch_rows
        mode = rng.integers(rng.fold(key, "labels"), (rows,), 8)
        label = one_hot(mode, 8)
        centres = torch.tensor(self.mixture.centres, device=mode.device)
        noise = self.mixture.deviation * rng.normal(rng.fold(key, "data"), (rows, 2))
        action = torch.cat([act(label, rng.fold(key, "fresh")), centres[mode] + noise])
        reward = torch.cat([torch.zeros(rows), torch.ones(rows)])
        obs = torch.cat([label, label])
        return Experience(obs, action, reward, obs, torch.zeros_like(reward))

    def probe(self, rows: int) -> Tensor:
        """Every label in turn."""
        return one_hot(torch.arange(rows) % 8, 8)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The shares of samples that are in the right mode, and the mixture's scores of them."""
        scores = mixture_scores(actions, self.mixture)
        if not np.isfinite(actions).all():
            return dict.fromkeys(("hits", "right_mode"), float("nan")) | scores
        mode, good = self.mixture.nearest(actions.astype(float))
        right = mode == np.arange(len(actions)) % 8
        return {"hits": float((right & good).mean()), "right_mode": float(right.mean())} | scores


task = Ring8Conditional()
