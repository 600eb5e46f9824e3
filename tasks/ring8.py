"""Ring of eight Gaussians: the standard picture of mode collapse.

Radius 2 and standard deviation 0.02 as in unrolled GANs (Metz et al., 2017, arXiv 1611.02163).
"""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.mixture import MixtureGan


class Ring8(MixtureGan):
    """The mixture task on this ring."""

    name: ClassVar[str] = "ring8"
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02)
    failure: ClassVar[FailureMode] = FailureMode("mode dropping", "reverse_kl", "above", 0.1)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.0014, log=True, source="untrained actors; 2,500 real samples (both means)"
    )


task = Ring8()
