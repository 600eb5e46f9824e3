"""Spiral of 20 Gaussians: neighbours are near along the arm, far across it.

Two turns out to radius 4, with standard deviation 0.05. Modes along the arm are 0.8 apart in the
middle, 1.3 at the end, its turns 2.
"""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.scoring.mixture import Mixture, spiral
from bench.tasks.family.mixture import MixtureGan


class Spiral20(MixtureGan):
    """The mixture task on this spiral, with batches of 128."""

    name: ClassVar[str] = "spiral20"
    mixture: ClassVar[Mixture] = spiral(modes=20, turns=2.0, radius=4.0, deviation=0.05)
    batch_rows: ClassVar[int] = 128
    failure: ClassVar[FailureMode] = FailureMode("mode dropping", "modes", "below", 18.0)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.003, log=True, source="untrained actors; 2,500 real samples (both means)"
    )


task = Spiral20()
