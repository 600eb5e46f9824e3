"""Whether files are the published ones; damaged files step aside while others take their places."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import math
import os
import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Fault = Callable[[Path], str | None]
"""Returns what is wrong with a file that is there and not empty ("has 3 bytes, not 5"), or None.
May raise `OSError`."""

CHUNK = 1 << 20  # bytes read at once


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used. `why` continues a sentence that begins with its path."""

    path: Path
    why: str
    damaged: bool = True  # there in some way; otherwise missing

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


def problem(path: Path, fault: Fault) -> Problem | None:
    """Return why a file cannot be used: missing, no file, empty, unreadable, or its fault."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            why: str | None = "is a folder"
        elif not stat.S_ISREG(found.st_mode):  # to open a named pipe could take forever
            why = "is not a regular file"
        else:
            why = fault(path) if found.st_size else "is empty"
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return Problem(path, "is missing", damaged=False)
        why = f"is a link to {path.readlink()}, which does not exist"
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
    return None if why is None else Problem(path, why)


def digest(path: Path, algorithm: str) -> str:
    """Return a file's digest ("md5", "sha256") in hexadecimal digits. Raises `OSError`.

    A file is read once per process, and again when its size or time of modification change: plans
    ask for each of hundreds of cells.
    """
    return _digest(path, _version(path), algorithm)


@functools.cache
def _digest(path: Path, version: tuple[int, ...], algorithm: str) -> str:
    with path.open("rb") as stream:
        # MD5 here finds damage, not attackers; hardened machines allow it only for that.
        new = functools.partial(hashlib.new, algorithm, usedforsecurity=False)
        return hashlib.file_digest(stream, new).hexdigest()


def digest_fault(path: Path, algorithm: str, expected: str) -> str | None:
    """Return a fault if a file's digest does not begin with the expected digits."""
    found = digest(path, algorithm)[: len(expected)]
    if found == expected:
        return None
    return f"({path.stat().st_size} bytes) has {algorithm} {found[:8]}, not {expected[:8]}"


def idx_fault(path: Path, shape: tuple[int, ...]) -> str | None:
    """Return a fault if a file is not an idx file of bytes in this shape: by size and header."""
    layout = f">4B{len(shape)}I"  # two zeros, type 8 for bytes, number of dimensions; dimensions
    expected = (0, 0, 8, len(shape), *shape)
    start = struct.calcsize(layout)
    size, whole = path.stat().st_size, start + math.prod(shape)
    if size != whole:
        return f"has {size} bytes, not {whole}"
    with path.open("rb") as stream:
        found = struct.unpack(layout, stream.read(start))
    if found[:4] != expected[:4]:
        return f"is no idx file of bytes in {len(shape)} dimensions"
    if found != expected:
        return f"holds {_times(found[4:])} bytes, not {_times(shape)}"
    return None


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def moments(chunks: Iterable[NDArray[np.uint8]]) -> tuple[float, float]:
    """Return mean and standard deviation of bytes, divided by 255; `chunks` are flat arrays."""
    counts = sum((np.bincount(chunk, minlength=256) for chunk in chunks), np.zeros(256, np.int64))
    values, weights = np.arange(256) / 255, counts / counts.sum()
    mean = float(weights @ values)
    return mean, math.sqrt(weights @ (values - mean) ** 2)


def file_moments(path: Path, start: int) -> tuple[float, float]:
    """Return `moments` of a file's bytes from the byte `start` on, read as rarely as by `digest`.

    Raises `OSError`.
    """
    return _file_moments(path, _version(path), start)


@functools.cache
def _file_moments(path: Path, version: tuple[int, ...], start: int) -> tuple[float, float]:
    with path.open("rb") as stream:
        stream.seek(start)
        parts = iter(functools.partial(stream.read, CHUNK), b"")
        return moments(np.frombuffer(part, np.uint8) for part in parts)


def _version(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


@contextlib.contextmanager
def set_aside(paths: Iterable[Path], whole: Callable[[Path], bool]) -> Iterator[None]:
    """A context in which others can take the places of files: they have `.damaged` in their names.

    Afterwards, also after an error, those with a whole file in their place are removed, but a
    folder with something in it stays under its new name; the rest goes back. Raises `OSError`.
    """
    moved: dict[Path, Path] = {}
    try:
        for path in paths:
            moved[path] = path.rename(_free_name(path))
        yield
    finally:
        for path, aside in moved.items():
            if whole(path):
                _remove(aside)
            else:
                _remove(path)
                aside.rename(path)


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.damaged{n or ''}") for n in itertools.count())
    return next(name for name in names if not os.path.lexists(name))


def _remove(path: Path) -> None:
    """Remove a file, a link (not what it leads to) or an empty folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        with contextlib.suppress(OSError):  # not empty
            path.rmdir()
    else:
        path.unlink(missing_ok=True)
