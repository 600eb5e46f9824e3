"""Fashion-MNIST: 60,000 grey images of clothes, 28 x 28 (Xiao et al., 2017, arXiv 1708.07747)."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.downloaded import DownloadedGan


class FashionMnist(DownloadedGan):
    """Two doublings, at least 64 hidden channels; scored as images with three equal channels."""

    name: ClassVar[str] = "fashion_mnist"
    source: ClassVar[str] = "fashion_mnist"
    image_shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    action_size: ClassVar[int] = 784
    width: ClassVar[int] = 64
    doublings: ClassVar[int] = 2
    seconds: ClassVar[float] = 200_000.0
    anchors: ClassVar[Anchors] = Anchors(
        low=58.7,
        high=21.5,
        log=True,
        source="Lucic et al. (2018, arXiv 1711.10337), table 2: a VAE; the best GAN (WGAN)",
    )


task = FashionMnist()
