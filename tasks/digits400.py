"""Four hundred handwritten digits: a critic that can learn its data by heart.

Every fourth image is data, 400 of them, the other 1,397 are held out. A critic that overfits rates
the images that it knows above those that it does not: its slopes then lead to these images and
nowhere else (Karras et al., 2020, arXiv 2006.06676). `overfit` is the probability that it rates one
of its images above a held-out one, 1/2 without overfitting. Scores are those of `digits`, against
all images. With a hundred images the reference kit makes little else than these: copies alone then
bound the score, and nothing can win.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.learner.problem import Blueprint
from bench.learner.task import Anchors, Array, Critic, FailureMode, Metric
from bench.scoring import digits_classifier
from bench.tasks.family import handwriting
from bench.tasks.family.dense_digits import dense
from bench.tasks.family.digit_images import DigitImages

KNOWN = 400


@functools.cache
def known() -> Array:
    """Which of the images [N] are data, as a mask: every fourth, so that all writers are there."""
    mask = np.zeros(len(digits_classifier.digits()[1]), dtype=bool)
    mask[: 4 * KNOWN : 4] = True
    return mask


class Digits400(DigitImages):
    """The networks of `digits`."""

    name: ClassVar[str] = "digits400"
    updates: ClassVar[int] = 6_000
    seconds: ClassVar[float] = 45.0
    compiled: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        *DigitImages.metrics,
        Metric("overfit", "P(critic rates its data above held-out data)", "neither"),
    )
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("overfitting critic", "overfit", "above", 0.6)
    anchors: ClassVar[Anchors] = Anchors(
        low=1600.0,
        high=1.3,
        log=True,
        source="untrained actors; 2,000 draws of all images, of which 400 only tell a part",
    )

    def blueprint(self) -> Blueprint:
        """Dense networks."""
        return dense(self.action_size)

    def images(self, device: torch.device) -> Tensor:
        """The 400 images, in the default dtype."""
        return handwriting.images(device)[torch.as_tensor(np.flatnonzero(known()), device=device)]

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The usual scores, and how much the critic prefers its own data to held-out data."""
        images = digits_classifier.digits()[0]
        q = critic(np.zeros((len(images), 0)), images)
        own, held = q[known()][:, None], q[~known()][None]
        overfit = float((own > held).mean() + 0.5 * (own == held).mean())
        return super().judge(actions, critic) | {"overfit": overfit}


task = Digits400()
