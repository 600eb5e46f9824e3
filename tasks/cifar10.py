"""CIFAR-10: 50,000 colour images of ten classes, 32 x 32 (Krizhevsky, 2009)."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.downloaded import DownloadedGan


class Cifar10(DownloadedGan):
    """Three doublings, 64 or more hidden channels; its generator has half the width of SNGAN's."""

    name: ClassVar[str] = "cifar10"
    source: ClassVar[str] = "cifar10"
    image_shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    action_size: ClassVar[int] = 3072
    width: ClassVar[int] = 64
    doublings: ClassVar[int] = 3
    seconds: ClassVar[float] = 600_000.0
    anchors: ClassVar[Anchors] = Anchors(
        low=155.7,
        high=55.2,
        log=True,
        source="Lucic et al. (2018, arXiv 1711.10337), table 2: a VAE; the best GAN (WGAN)",
    )


task = Cifar10()
