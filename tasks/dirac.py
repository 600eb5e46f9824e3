"""Dirac-GAN (Mescheder et al., 2018, arXiv 1801.04406): the smallest GAN that goes in circles.

The data are the point 0, the actor's distribution the point theta, the critic's logit psi * a.

Known solution, eigenvalues of the gradient vector field at the origin: +-i/2 without a penalty,
-gamma/2 +- sqrt(gamma^2/4 - 1/4) with the R1 penalty.
"""

from typing import ClassVar

from bench.tasks.family.point import PointGame


class Dirac(PointGame):
    """Cross-entropy for the critic, the non-saturating loss for the actor, as in every GAN here."""

    name: ClassVar[str] = "dirac"


task = Dirac()
