"""Downloads of data and weights: where the files belong, which are missing, how to get them.

All files are below one folder: the environment variable CROSSOVER_DATA, or `data`. Only `python -m
bench fetch` downloads; without network, put the files where it says.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from tarfile import TarError
from typing import Any

import numpy as np
import torch
from torch import Tensor

VARIABLE = "CROSSOVER_DATA"


class BadData(ValueError):
    """Data that is damaged, is not what was published, or cannot be downloaded."""


def root() -> Path:
    """Return the absolute path of the folder with all data."""
    return Path(os.environ.get(VARIABLE) or "data").absolute()


@dataclass(frozen=True)
class Source:
    """A download. `files` are paths below the root, which must exist afterwards."""

    name: str
    about: str
    files: tuple[str, ...]
    identity: str  # a hash that is known without the files
    download: Callable[[Path], Any]  # into a root; raises on failure

    def paths(self) -> list[Path]:
        """Return the paths where the files belong."""
        return [root() / file for file in self.files]

    def missing(self) -> list[Path]:
        """Return the paths at which there is no file."""
        return [path for path in self.paths() if not path.is_file()]


def _fashion_mnist(folder: Path, download: bool = False) -> Any:
    from torchvision.datasets import FashionMNIST

    return FashionMNIST(str(folder), train=True, download=download)


def _cifar10(folder: Path, download: bool = False) -> Any:
    from torchvision.datasets import CIFAR10

    return CIFAR10(str(folder), train=True, download=download)


def _inception(folder: Path) -> None:
    from torch.hub import download_url_to_file
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "weights-inception-2015-12-05-6726825d.pth"
    download_url_to_file(URL_INCEPTION_V3, str(target), hash_prefix="6726825d")


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="fashion_mnist",
            about="60,000 training images of clothes, 28 x 28, 30 MB (Xiao et al., 2017)",
            files=tuple(
                f"FashionMNIST/raw/{part}-ubyte"
                for part in (
                    *("train-images-idx3", "train-labels-idx1"),
                    *("t10k-images-idx3", "t10k-labels-idx1"),
                )
            ),
            identity="md5 of the archive 8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            download=functools.partial(_fashion_mnist, download=True),
        ),
        Source(
            name="cifar10",
            about="50,000 training images of ten kinds, 32 x 32, 170 MB (Krizhevsky, 2009)",
            files=tuple(
                f"cifar-10-batches-py/{part}"
                for part in (
                    *(f"data_batch_{i}" for i in range(1, 6)),
                    "test_batch",
                    "batches.meta",
                )
            ),
            identity="md5 of the archive c58f30108f718f92721af3b95e74349a",
            download=functools.partial(_cifar10, download=True),
        ),
        Source(
            name="inception",
            about="the original Inception-v3 weights for FID, IS and KID, 91 MB, by torch-fidelity",
            files=("weights-inception-2015-12-05-6726825d.pth",),
            identity="sha256 6726825d",
            download=_inception,
        ),
    )
}

FASHION_MNIST_MOMENTS = (0.2860, 0.3530)
"""Mean and standard deviation of its pixels in [0, 1], to recognise the published images:
torchvision checks no hash of unpacked files."""


def what_is_missing(*names: str) -> str | None:
    """Return one line on which of the sources are missing and what to do, or None."""
    lacking = [name for name in names if SOURCES[name].missing()]
    if not lacking:
        return None
    where = SOURCES[lacking[0]].missing()[0]
    return (
        f"{' and '.join(lacking)} missing (first {where}); run `python -m bench fetch "
        f"{' '.join(lacking)}`, or --data-root FOLDER if you have them"
    )


def fetch(name: str) -> None:
    """Download a source if files are missing. Raises `BadData` if that fails."""
    source = SOURCES[name]
    if not source.missing():
        return
    try:
        root().mkdir(parents=True, exist_ok=True)
        source.download(root())
    except (OSError, RuntimeError, EOFError, TarError, HTTPException) as error:
        first = next(iter(source.missing()), root())
        raise BadData(
            f"{name} could not be downloaded ({error}); get its {len(source.files)} files "
            f"elsewhere and put them where they belong (first {first})"
        ) from error


def images(name: str) -> Tensor:
    """Return all training images of a source as uint8 rows [N, C * H * W].

    They are read by torchvision. Raises `BadData` for damaged files and for other images.
    """
    return _images(name, root())


@functools.cache
def _images(name: str, folder: Path) -> Tensor:
    try:
        found = {"fashion_mnist": _fashion_mnist, "cifar10": _cifar10}[name](folder).data
    except (RuntimeError, ValueError, OSError, EOFError) as error:
        raise BadData(f"{name} in {folder} cannot be read: {error}") from error
    pixels = torch.as_tensor(np.asarray(found))
    if name == "fashion_mnist":
        moments = (float(pixels.double().mean()) / 255, float(pixels.double().std()) / 255)
        if not np.allclose(moments, FASHION_MNIST_MOMENTS, rtol=0, atol=1e-4):
            raise BadData(f"the images of {name} in {folder} are not the published ones")
    if pixels.dim() == 4:  # CIFAR has channels last
        pixels = pixels.permute(0, 3, 1, 2)
    return pixels.reshape(len(pixels), -1).contiguous()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
