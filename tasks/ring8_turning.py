"""Ring of eight Gaussians that turns while it is learned: a target that moves.

It turns by one mode's distance in a twentieth of the budget. At every evaluation it stands as at
the start, and samples are scored against that, so that a generator that lags behind is late by the
angle `lag`; one that stops and waits cannot know when that will be. The modes are wider than those
of `ring8`, 0.05: following is hard enough.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.learner.problem import Act, Experience
from bench.learner.task import Anchors, Array, Critic, FailureMode, Metric
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.mixture import MixtureGan

RANGES = {"lag": (-4, 4)}

MODES = 8


class Ring8Turning(MixtureGan):
    """The mixture task on a ring; a turn by one mode takes `period` updates."""

    name: ClassVar[str] = "ring8_turning"
    mixture: ClassVar[Mixture] = ring(modes=MODES, radius=2.0, deviation=0.05)
    period: ClassVar[int] = 1_000
    metrics: ClassVar[tuple[Metric, ...]] = (
        *MixtureGan.metrics,
        Metric("lag", "of samples behind the ring, modes", "neither"),
    )
    failure: ClassVar[FailureMode] = FailureMode("moving target", "lag", "above", 0.02)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.0014, log=True, source="untrained actors; 2,500 real samples (both means)"
    )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's samples, and real ones of the ring as it stands at this update."""
        made = super().fresh(act, key, step, seen)
        # Whole turns are left out: a large angle would be rounded in float32.
        phase = (step % self.period).to(made.action.dtype) / self.period
        angle = 2.0 * math.pi / MODES * phase
        own, real = made.action.split(self.batch_rows)
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).reshape(2, 2)
        return made._replace(action=torch.cat([own, real @ turn.T]))

    def eval_updates(self, updates: int) -> list[int]:
        """The usual updates, each put back to the last one at which the ring stands as at first."""
        usual = super().eval_updates(updates)
        if updates < self.period:
            return usual
        return sorted({at - at % self.period for at in usual[:-1]} | {usual[-1]})

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The mixture's scores, and by what share of a mode's distance the samples lag behind.

        From -1/2 to 1/2: the circular mean of the samples' angles between two modes, of those in
        which the radius is within a quarter of the ring's.
        """
        points = actions.astype(np.float64)
        near = np.abs(np.hypot(*points.T) - 2.0) < 0.5
        phase = np.exp(1j * MODES * np.arctan2(points[near, 1], points[near, 0]))
        lag = -np.angle(phase.mean()) / (2.0 * math.pi) if near.any() else math.nan
        return super().judge(actions, critic) | {"lag": float(lag)}


task = Ring8Turning()
