"""Eight Gaussians on a ring, the standard picture of mode collapse.

Radius 2 and standard deviation 0.02 as in unrolled GANs (Metz et al., 2017, arXiv 1611.02163).
2,500 real samples score a Frechet distance of about 0.002; the actor starts near 3.6.
"""

from typing import ClassVar

from bench.mixture import Mixture, ring
from tasks.family.mixture import MixtureGan


class Ring8(MixtureGan):
    """The ring; everything else is as in every mixture task."""

    name: ClassVar[str] = "ring8"
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02)


task = Ring8()
