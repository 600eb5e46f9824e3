"""The bilinear game theta * psi, one player up, the other down: plain gradients only rotate.

It is the Wasserstein GAN (arXiv 1701.07875) whose data are the single point 0.

Known answer, per step of size h: the spectral radius of the update is sqrt(1 + h^2) with
simultaneous steps, 1 with alternating ones, sqrt(1 - h^2 + h^4) with extragradient.
"""

from typing import ClassVar

from torch import Tensor

from tasks.family.point import PointGame


class Bilinear(PointGame):
    """Linear losses for both players."""

    name: ClassVar[str] = "bilinear"

    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """q where the target is 0, -q where it is 1; twice, for a sum over the two halves."""
        return 2.0 * (1.0 - 2.0 * target) * q

    def actor_loss(self, q: Tensor) -> Tensor:
        """-q."""
        return -q

    def value(self, q: Tensor) -> Tensor:
        """The output is the value."""
        return q


task = Bilinear()
