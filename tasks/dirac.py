"""The Dirac-GAN of Mescheder et al. (2018, arXiv 1801.04406): the smallest one to go in circles.

The data are the point 0, the actor's distribution the point theta, the critic's logit psi * a.

Known answer, eigenvalues of the gradient field at the origin: +-i/2 unregularised;
-gamma/2 +- sqrt(gamma^2/4 - 1/4) with the R1 penalty.
"""

from typing import ClassVar

from tasks.family.point import PointGame


class Dirac(PointGame):
    """Cross-entropy and the non-saturating loss, as every GAN here."""

    name: ClassVar[str] = "dirac"


task = Dirac()
