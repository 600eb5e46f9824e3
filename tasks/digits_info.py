"""InfoGAN on scikit-learn's digits: ten codes, which should find the ten classes without labels.

The score is the mutual information of the code and the class that the digits classifier sees in the
sample. Only samples tell something that lie in the ball of a real image, as precision counts them
(Kynkaanniemi et al., 2019, arXiv 1904.06991): noise of ten kinds would be perfectly told. Known
answers: log 10 = 2.303 nats if every code makes a class of its own, which ten codes of an actor
without labels need not find; about 0.02 if codes are ignored. Real images by their labels give
2.28, because the classifier errs.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from bench.functional.conv import discriminator, generator
from bench.functional.layers import Dense, Net, blind
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.scoring.metrics import frechet_distance, inception_score, moments
from bench.tasks.family.digit_images import DigitImages, real_features
from bench.tasks.family.info import InfoGan

RANGES = {"information": (0, 2.3026), "recognition": (None, 2.3026)}  # log(10)


class DigitsInfo(InfoGan, DigitImages):
    """The networks of `digits`; the recogniser has the discriminator's layers."""

    name: ClassVar[str] = "digits_info"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "image")
    obs_size: ClassVar[int] = 10
    codes: ClassVar[int] = 10
    seconds: ClassVar[float] = 150.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("information", "nats", "higher"),
        Metric("recognition", "nats", "higher"),
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective classes", "higher"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=0.0, high=2.28, source="codes that are ignored; real images by their labels"
    )

    def blueprint(self) -> Blueprint:
        """DCGAN's pair and a recogniser; two of the three are blind to codes."""
        shape, sizes = self.image_shape, (self.obs_size, self.action_size)
        judge = discriminator(shape, self.width, self.doublings)
        recogniser = Net((*judge.layers[:-1], Dense(self.codes)))
        return Blueprint(
            actor=Player(generator(shape, self.width, self.doublings), Adam(self.lr)),
            critic=Player(blind(*sizes, judge), Adam(self.lr)),
            recogniser=Player(blind(*sizes, recogniser), Adam(self.lr)),
        )

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """What images tell of their codes, and how alike they are to real ones."""
        if not np.isfinite(actions).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        features, logits = self.look(actions)
        return {
            "information": self.information(logits.argmax(axis=1), _real_enough(features), 10),
            "recognition": self.recognition(actions, critic),
            "fid": frechet_distance(moments(features), self.real_features()[1]),
            "is": inception_score(logits),
        }


@functools.cache
def _radii() -> Array:
    """The distance [N] of every real image's features to the third nearest of the others."""
    features, _ = real_features()
    return NearestNeighbors(n_neighbors=3).fit(features).kneighbors()[0][:, -1]


def _real_enough(features: Array) -> Array:
    """Whether features [N, D] lie in the ball of any real image [N]."""
    distances = cdist(features, real_features()[0])
    return np.asarray((distances <= _radii()).any(axis=1))


task = DigitsInfo()
