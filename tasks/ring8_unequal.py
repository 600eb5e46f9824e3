"""Ring of eight Gaussians with unequal shares, 30 to 3 %: rare modes are dropped first.

A generator that forgets the rarest half of the modes still makes 77 % of the data, so that the
critic gains little by pointing out what is missing.
"""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.mixture import MixtureGan

SHARES = (0.30, 0.20, 0.15, 0.12, 0.10, 0.06, 0.04, 0.03)


class Ring8Unequal(MixtureGan):
    """The mixture task on the ring of `ring8`."""

    name: ClassVar[str] = "ring8_unequal"
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02, weights=SHARES)
    failure: ClassVar[FailureMode] = FailureMode("mode dropping", "modes", "below", 6.0)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.0015, log=True, source="untrained actors; 2,500 real samples (both means)"
    )


task = Ring8Unequal()
