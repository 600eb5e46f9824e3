"""A lock on each folder of records, so that one run at a time writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.records.paths import status_path


class Busy(RuntimeError):
    """Another run is writing the same records."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock on a folder of records. Raises `Busy`. A killed run leaves no lock behind."""
    lock = _lock(folder)
    try:
        lock.acquire(timeout=1.0)  # `status` takes it too, for a moment
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
    """Return whether a run is writing records there now."""
    try:
        with _lock(folder).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # a read-only folder
        return False


def _lock(folder: Path) -> FileLock:
    file = status_path(folder).with_name("run.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)
