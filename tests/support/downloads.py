"""Small made-up data sets in the formats of the real ones."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np


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
