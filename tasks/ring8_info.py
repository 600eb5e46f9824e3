"""InfoGAN on the ring of eight Gaussians: eight codes, one for each mode, found without labels.

The score is the mutual information of the code and the mode that is hit, within 3 standard
deviations; misses tell nothing. Known answers: 1.99 nats for real points, a mode for every code;
2,500 samples that ignore their codes give 0.01 to 0.03. `nearest_information` counts the nearest
mode, however far it is; it comes to log 8 = 2.079 in every run that learns at all.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bench.functional.layers import blind, mlp
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.scoring.metrics import mixture_scores
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.info import InfoGan
from bench.tasks.family.mixture import MixtureGan

RANGES = {
    "information": (0, 2.0795),  # log(8)
    "nearest_information": (0, 2.0795),
    "recognition": (None, 2.0795),
}


class Ring8Info(InfoGan, MixtureGan):
    """The ring and the networks of `ring8`, and a recogniser of the critic's size."""

    name: ClassVar[str] = "ring8_info"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "toy")
    obs_size: ClassVar[int] = 8
    codes: ClassVar[int] = 8
    updates: ClassVar[int] = 3_000
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02)
    seconds: ClassVar[float] = 30.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("information", "nats", "higher"),
        Metric("nearest_information", "nats", "higher"),
        Metric("recognition", "nats", "higher"),
        *MixtureGan.metrics,
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=0.0, high=1.99, source="codes that are ignored; real points, a mode for every code"
    )

    def blueprint(self) -> Blueprint:
        """Two hidden layers of 64 units in each network; two of the three are blind to codes."""
        sizes = (self.obs_size, self.action_size)
        return Blueprint(
            actor=Player(mlp(64, 64, 2, activation="relu"), Adam(1e-3)),
            critic=Player(blind(*sizes, mlp(64, 64, 1, activation="relu")), Adam(1e-3)),
            recogniser=Player(blind(*sizes, mlp(64, 64, 8, activation="relu")), Adam(1e-3)),
        )

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """What samples tell of their codes, and the mixture's scores of them."""
        scores = mixture_scores(actions, self.mixture)
        if not np.isfinite(actions).all():
            names = ("information", "nearest_information", "recognition")
            return dict.fromkeys(names, float("nan")) | scores
        mode, good = self.mixture.nearest(actions.astype(float))
        return {
            "information": self.information(mode, good, 8),
            "nearest_information": self.information(mode, np.ones_like(good), 8),
            "recognition": self.recognition(actions, critic),
        } | scores


task = Ring8Info()
