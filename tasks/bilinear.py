"""Bilinear game theta * psi: one player maximises, one minimises; plain gradients only rotate.

It is the Wasserstein GAN (arXiv 1701.07875) whose data are the single point 0.

Known solution, for step size h: the spectral radius of an update is sqrt(1 + h^2) with
simultaneous steps, 1 with alternating steps, and sqrt(1 - h^2 + h^4) with extragradient.
"""

from typing import ClassVar

from bench.tasks.family.point import BilinearGame


class Bilinear(BilinearGame):
    """The bilinear game itself."""

    name: ClassVar[str] = "bilinear"


task = Bilinear()
