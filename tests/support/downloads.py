"""Small made-up data sets in the formats of the real ones, and a network that has them."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import shutil
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from bench.scoring import datasets
from bench.scoring.integrity import file_moments

FILES = {
    "fashion_mnist": "FashionMNIST/raw/train-images-idx3-ubyte",
    "cifar10": "cifar-10-batches-py/data_batch_2",
    "inception": "weights-inception-2015-12-05-6726825d.pth",
}
"""One file of each source."""

ARCHIVES = {
    "fashion_mnist": {
        f"FashionMNIST/raw/{part}-ubyte.gz"
        for part in (
            *("train-images-idx3", "train-labels-idx1"),
            *("t10k-images-idx3", "t10k-labels-idx1"),
        )
    },
    "cifar10": {"cifar-10-python.tar.gz"},
    "inception": {"weights-inception-2015-12-05-6726825d.pth"},
}
"""What is downloaded for each source, and where to."""


def write_fashion_mnist(folder: Path, rows: int) -> None:
    """The four uncompressed idx files: a magic number with type and dimensions, sizes, bytes."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", rows), ("t10k", 5)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = struct.pack(">BBBBIII", 0, 0, 8, 3, count, 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        header = struct.pack(">BBBBI", 0, 0, 8, 1, count)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())


def write_cifar10(folder: Path, rows: int) -> None:
    """Five training batches and a test batch of `rows` images each, as pickled dictionaries."""
    base = folder / "cifar-10-batches-py"
    base.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        images = rng.integers(0, 256, (rows, 3072), dtype=np.uint8)
        labels = rng.integers(0, 10, rows).tolist()
        (base / name).write_bytes(pickle.dumps({"data": images, "labels": labels}))
    meta = {"label_names": [str(label) for label in range(10)]}
    (base / "batches.meta").write_bytes(pickle.dumps(meta))


def write_inception(folder: Path) -> None:
    """A file in place of the weights: no network, just bytes."""
    path = folder / datasets.SOURCES["inception"].files[0]
    path.write_bytes(np.random.default_rng(2).bytes(1000))


def publish(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the files in a folder the published ones: their md5, sizes, moments and SHA-256."""
    from torchvision.datasets import CIFAR10

    base = folder / "cifar-10-batches-py"
    for part in ("train_list", "test_list"):
        known = [[name, md5(base / name)] for name, _ in getattr(CIFAR10, part)]
        monkeypatch.setattr(CIFAR10, part, known)
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(base / "batches.meta")})
    raw = folder / "FashionMNIST" / "raw"
    sizes = {part: (raw / f"{part}-labels-idx1-ubyte").stat().st_size for part in ("train", "t10k")}
    rows = {part: size - 8 for part, size in sizes.items()}
    monkeypatch.setattr(datasets, "FASHION_MNIST_ROWS", rows)
    moments = file_moments(raw / "train-images-idx3-ubyte", 16)
    monkeypatch.setattr(datasets, "FASHION_MNIST_MOMENTS", moments)
    source = datasets.SOURCES["inception"]
    weights = folder / source.files[0]
    if weights.exists():
        known = replace(source, identity=f"sha256 {datasets.file_hash(weights)[:8]}")
        monkeypatch.setitem(datasets.SOURCES, "inception", known)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


class Network:
    """Has the published archives of a folder's files; torchvision's and torch's loaders ask it.

    `asked` are the names of the files that were downloaded from it, `broken` those that it does not
    have.
    """

    def __init__(self, folder: Path, archives: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from torchvision.datasets import CIFAR10, FashionMNIST, utils

        self.archives, self.asked, self.broken = archives, list[str](), set[str]()
        archives.mkdir()
        for path in (folder / "FashionMNIST" / "raw").iterdir():
            (archives / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        with tarfile.open(archives / CIFAR10.filename, "w:gz") as tar:
            tar.add(folder / CIFAR10.base_folder, CIFAR10.base_folder)
        for weights in folder.glob("weights-*"):
            shutil.copy(weights, archives)
        known = [(name, md5(archives / name)) for name, _ in FashionMNIST.resources]
        monkeypatch.setattr(FashionMNIST, "resources", known)
        monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archives / CIFAR10.filename))
        monkeypatch.setattr(utils, "_get_redirect_url", lambda url, **more: url)
        monkeypatch.setattr(utils, "_urlretrieve", self.download)
        monkeypatch.setattr("torch.hub.download_url_to_file", self.download)

    def download(self, url: str, target: str, hash_prefix: str = "") -> None:
        """Copy a file, or half of it if it is broken."""
        name = url.rpartition("/")[2]
        self.asked.append(name)
        content = (self.archives / name).read_bytes()
        Path(target).write_bytes(content[: len(content) // 2] if name in self.broken else content)
        if name in self.broken:
            raise URLError("the network went away")
