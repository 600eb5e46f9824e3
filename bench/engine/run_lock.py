"""One run at a time for each folder of records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.records.paths import status_path


class Busy(RuntimeError):
    """Another run writes the same records."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps two runs out of one folder of records. Raises `Busy`. A killed run leaves no lock."""
    lock = _lock(folder)
    try:
        lock.acquire(timeout=1.0)  # `status` looks at it too, for a moment
    except Timeout:
        raise Busy(
            f"another run is at work in {folder}; see `python -m bench status`, wait for its end, "
            f"or give another --name"
        ) from None
    try:
        yield
    finally:
        lock.release()


def at_work(folder: Path) -> bool:
    """Whether a run writes records there now."""
    try:
        with _lock(folder).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that may only be read
        return False


def _lock(folder: Path) -> FileLock:
    file = status_path(folder).with_name("run.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)
