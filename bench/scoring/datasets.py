"""Downloads of data and weights: where the files belong, which are not whole, how to get them.

All files are below one folder: the environment variable CROSSOVER_DATA, or `data`. Only `python -m
bench fetch` downloads; without network, put the files where it says.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from tarfile import TarError
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.scoring.integrity import (
    CHUNK,
    Fault,
    Problem,
    digest,
    digest_fault,
    file_moments,
    idx_fault,
    moments,
    problem,
    set_aside,
)

VARIABLE = "CROSSOVER_DATA"

DOWNLOAD_ERRORS = (OSError, RuntimeError, EOFError, TarError, HTTPException, UnpicklingError)


class BadData(ValueError):
    """Data that is damaged, is not what was published, or cannot be downloaded."""


def root() -> Path:
    """Return the absolute path of the folder with all data."""
    return Path(os.environ.get(VARIABLE) or "data").absolute()


@dataclass(frozen=True)
class Source:
    """A download. `files` are paths below the root, where whole files must be afterwards."""

    name: str
    about: str
    files: tuple[str, ...]
    identity: str  # a hash that is known without the files
    download: Callable[[Path], Any]  # into a root; raises on failure
    fault: Fault  # what is wrong with one of the files

    def paths(self) -> list[Path]:
        """Return the paths where the files belong."""
        return [root() / file for file in self.files]

    def problems(self) -> list[Problem]:
        """Return the files that are missing or damaged, in the order of `files`."""
        return [found for path in self.paths() if (found := problem(path, self.fault)) is not None]

    def state(self) -> str:
        """Return "there", or how many files are missing and damaged, and the first damaged one."""
        problems = self.problems()
        damaged = [each for each in problems if each.damaged]
        parts = []
        if len(problems) > len(damaged):
            parts.append(f"{len(problems) - len(damaged)} of {len(self.files)} files missing")
        if damaged:
            first = f"{damaged[0].path.relative_to(root())} {damaged[0].why}"
            parts.append(f"{len(damaged)} of {len(self.files)} files damaged: {first}")
        return ", ".join(parts) or "there"


def _fashion_mnist(folder: Path, download: bool = False) -> Any:
    from torchvision.datasets import FashionMNIST

    return FashionMNIST(str(folder), train=True, download=download)


def _cifar10(folder: Path) -> Any:
    from torchvision.datasets import CIFAR10

    return CIFAR10(str(folder), train=True)


def _download_cifar10(folder: Path) -> None:
    from torchvision.datasets import CIFAR10, utils

    # CIFAR10(download=True) does nothing where all but batches.meta is whole.
    utils.download_and_extract_archive(
        CIFAR10.url, str(folder), filename=CIFAR10.filename, md5=CIFAR10.tgz_md5
    )


def _inception(folder: Path) -> None:
    from torch.hub import download_url_to_file
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "weights-inception-2015-12-05-6726825d.pth"
    download_url_to_file(URL_INCEPTION_V3, str(target), hash_prefix="6726825d")


FASHION_MNIST_ROWS = {"train": 60_000, "t10k": 10_000}
"""Images and labels in its files."""

FASHION_MNIST_MOMENTS = (0.2860, 0.3530)
"""Mean and standard deviation of its training pixels in [0, 1], to tell them from those of others
in the same format, as MNIST: torchvision knows no hash of unpacked files."""


def _fashion_mnist_fault(path: Path) -> str | None:
    part, content, _ = path.name.split("-", 2)
    shape = (FASHION_MNIST_ROWS[part], *((28, 28) if content == "images" else ()))
    fault = idx_fault(path, shape)
    if fault is None and (part, content) == ("train", "images"):
        start = path.stat().st_size - math.prod(shape)
        if not _fashion_mnists(file_moments(path, start)):
            return "holds other images than the published ones"
    return fault


def _fashion_mnists(found: tuple[float, float]) -> bool:
    return np.allclose(found, FASHION_MNIST_MOMENTS, rtol=0, atol=1e-4)


def _cifar10_fault(path: Path) -> str | None:
    try:
        from torchvision.datasets import CIFAR10
    except (ImportError, RuntimeError):  # `doctor` says so; nothing can be loaded anyway
        return None
    md5 = dict((*CIFAR10.train_list, *CIFAR10.test_list))
    md5[CIFAR10.meta["filename"]] = CIFAR10.meta["md5"]
    return digest_fault(path, "md5", md5[path.name])


def _inception_fault(path: Path) -> str | None:
    return digest_fault(path, *SOURCES["inception"].identity.split())


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
            fault=_fashion_mnist_fault,
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
            download=_download_cifar10,
            fault=_cifar10_fault,
        ),
        Source(
            name="inception",
            about="the original Inception-v3 weights for FID, IS and KID, 91 MB, by torch-fidelity",
            files=("weights-inception-2015-12-05-6726825d.pth",),
            identity="sha256 6726825d",
            download=_inception,
            fault=_inception_fault,
        ),
    )
}


def what_is_missing(*names: str) -> str | None:
    """Return one line on which sources are missing or damaged and what to do, or None."""
    found = {name: SOURCES[name].problems() for name in names}
    lacking = {name: problems for name, problems in found.items() if problems}
    if not lacking:
        return None
    damaged = {
        name: next(each for each in problems if each.damaged)
        for name, problems in lacking.items()
        if any(each.damaged for each in problems)
    }
    parts = [f"{name} damaged ({first})" for name, first in damaged.items()]
    missing = [name for name in lacking if name not in damaged]
    if missing:
        parts.append(f"{' and '.join(missing)} missing (first {lacking[missing[0]][0].path})")
    mends = ", which replaces damaged files (or delete them)" if damaged else ""
    return (
        f"{', '.join(parts)}; run `python -m bench fetch {' '.join(lacking)}`{mends}, "
        f"or --data-root FOLDER if you have them"
    )


def fetch(name: str) -> None:
    """Download a source if files are missing or damaged. Raises `BadData` if that fails.

    Damaged files are replaced, or left as they were if that fails.
    """
    source = SOURCES[name]
    problems = source.problems()
    if not problems:
        return
    # torchvision takes any file that is there for a whole one.
    damaged = [each.path for each in problems if each.damaged]
    elsewhere = "get its files elsewhere and put them where they belong"
    try:
        with set_aside(damaged, lambda path: problem(path, source.fault) is None):
            root().mkdir(parents=True, exist_ok=True)
            source.download(root())
            for left in source.problems():
                raise BadData(f"{name} was downloaded, but {left}; {elsewhere}")
    except DOWNLOAD_ERRORS as error:
        first = next(iter(source.problems()), root())
        why = " ".join(str(error).split())  # torchvision's have a line for each mirror
        raise BadData(f"{name} could not be downloaded ({why}); {elsewhere} ({first})") from error


def images(name: str) -> Tensor:
    """Return all training images of a source as uint8 rows [N, C * H * W].

    They are read by torchvision. Raises `BadData` for missing and damaged files and other images.
    """
    return _images(name, root())


@functools.cache
def _images(name: str, folder: Path) -> Tensor:
    reason = what_is_missing(name)
    if reason is not None:
        raise BadData(reason)
    try:
        found = {"fashion_mnist": _fashion_mnist, "cifar10": _cifar10}[name](folder).data
    except (RuntimeError, ValueError, OSError, EOFError, UnpicklingError) as error:
        raise BadData(f"{name} in {folder} cannot be read: {error}") from error
    pixels = torch.as_tensor(np.asarray(found))
    if name == "fashion_mnist":
        # torchvision may have read another file than was checked: one that its old versions made.
        parts = pixels.reshape(-1).split(CHUNK)
        if not _fashion_mnists(moments(part.numpy() for part in parts)):
            raise BadData(f"the images of {name} in {folder} are not the published ones")
    if pixels.dim() == 4:  # CIFAR has channels last
        pixels = pixels.permute(0, 3, 1, 2)
    return pixels.reshape(len(pixels), -1).contiguous()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return digest(path, "sha256")
