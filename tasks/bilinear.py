"""The bilinear game theta * psi, one player up, the other down: plain gradients only rotate.

It is the Wasserstein GAN (arXiv 1701.07875) whose data are the single point 0.

Known answer, per step of size h: the spectral radius of the update is sqrt(1 + h^2) with
simultaneous steps, 1 with alternating ones, sqrt(1 - h^2 + h^4) with extragradient.
"""

from typing import ClassVar

from tasks.family.point import BilinearGame


class Bilinear(BilinearGame):
    """The game as it is."""

    name: ClassVar[str] = "bilinear"


task = Bilinear()
