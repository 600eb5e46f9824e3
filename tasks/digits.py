"""Handwritten digits of scikit-learn, 8 x 8: an image task that needs no download.

Pixels are scaled from 0..16 to [-1, 1]. All scores use `bench.scoring.digits_classifier`, so they
cannot be compared with published ones. FID compares 2,000 samples with all 1,797 images; KID,
precision and recall compare 1,000 with 1,000, because with all of them they took four times as long
as the rest of an evaluation. What to expect (mean +- deviation):

- 2,000 draws of the real images: FID 1.3 +- 0.5, IS 9.80. The FID of two random halves of the data,
  898 and 899 images, is 5.2 +- 1.5: FID has a bias of about 1/n, so n is part of the score.
- uniform noise: FID 490, IS 4.5.

The networks are dense: at this size they reach what small convolutions reach at a fifth of the
cost.
"""

from typing import ClassVar

from bench.learner.problem import Blueprint
from bench.learner.task import FailureMode
from bench.tasks.family.dense_digits import dense
from bench.tasks.family.digit_images import DigitImages


class Digits(DigitImages):
    """Dense networks on all 1,797 images."""

    name: ClassVar[str] = "digits"
    updates: ClassVar[int] = 6_000
    seconds: ClassVar[float] = 45.0
    compiled: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("cycling", "swing of is", "above", 0.1)

    def blueprint(self) -> Blueprint:
        """Dense networks."""
        return dense(self.action_size)


task = Digits()
