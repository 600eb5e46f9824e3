"""Eight Gaussians on a ring, the standard picture of mode collapse.

Radius 2 and standard deviation 0.02 as in unrolled GANs (Metz et al., 2017, arXiv 1611.02163).
The data's own Frechet distance at 2,500 samples is about 0.002; the actor starts near 4.
"""

from typing import Any, ClassVar

from torch import Tensor

from bench.game import Blueprint, Metric, Player
from bench.metrics import mixture_scores
from bench.mixture import ring
from bench.nets import mlp
from bench.optim import Adam
from tasks.family.gan import Gan


class Ring8(Gan):
    """Small relu networks, Adam at 1e-3 for both players."""

    name: ClassVar[str] = "ring8"
    kinds: ClassVar[tuple[str, ...]] = ("toy",)
    action_size: ClassVar[int] = 2
    noise_size: ClassVar[int] = 8
    batch_rows: ClassVar[int] = 64
    updates: ClassVar[int] = 4000
    samples: ClassVar[int] = 2500
    seconds: ClassVar[float] = 40.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fid", "squared distance", "lower"),
        Metric("is", "effective modes", "higher"),
        Metric("modes", "of 8", "higher"),
        Metric("high_quality", "share", "higher"),
        Metric("reverse_kl", "nats", "lower"),
    )
    mixture: ClassVar = ring(modes=8, radius=2.0, deviation=0.02)

    def blueprint(self) -> Blueprint:
        """Two hidden layers each."""
        return Blueprint(
            actor=Player(mlp(64, 64, 2, activation="relu"), Adam(1e-3)),
            critic=Player(mlp(64, 64, 1, activation="relu"), Adam(1e-3)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Exact draws from the mixture."""
        return self.mixture.sample(key, rows)

    def judge(self, actions: Any, core: Any) -> dict[str, float]:
        """Mixture scores of the actor's points."""
        return mixture_scores(actions, self.mixture)


task = Ring8()
