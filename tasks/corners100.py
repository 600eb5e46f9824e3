"""Ten Gaussians at corners of a cube in 100 dimensions: data and samples lie far apart.

The modes are at ten random corners of [-1, 1]^100, with standard deviation 0.25 along every axis: a
sphere of radius 2.5 around each, 14 away from the others. What a generator of 16 numbers of noise
makes never fills it, so that a critic can tell everything apart and saturates (Arjovsky and Bottou,
2017, arXiv 1701.04862). `certainty` is how sure it is.
"""

from typing import ClassVar

import numpy as np

from bench.learner.task import Anchors, Array, Critic, FailureMode, Metric
from bench.scoring.mixture import Mixture, corners
from bench.tasks.family.mixture import MixtureGan

RANGES = {"certainty": (-1, 1)}


class Corners100(MixtureGan):
    """The mixture task in 100 dimensions."""

    name: ClassVar[str] = "corners100"
    mixture: ClassVar[Mixture] = corners(modes=10, size=100, deviation=0.25)
    action_size: ClassVar[int] = 100
    noise_size: ClassVar[int] = 16
    metrics: ClassVar[tuple[Metric, ...]] = (
        *MixtureGan.metrics,
        Metric("certainty", "of the critic, on samples: 1 - 2 sigmoid(q)", "neither"),
    )
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("saturating critic", "certainty", "above", 0.7)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.5, high=0.0024, log=True, source="untrained actors; 2,500 real samples (both means)"
    )

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The mixture's scores, and how sure the critic is that the actor's samples are made."""
        q = critic(np.zeros((len(actions), 0)), actions).astype(np.float64)
        # 1 - 2 sigmoid(q): 1 where the critic knows a sample, 0 where it cannot tell.
        return super().judge(actions, critic) | {"certainty": float(-np.tanh(q / 2.0).mean())}


task = Corners100()
