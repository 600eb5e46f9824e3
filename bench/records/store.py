"""Reads, finds and writes records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.records.json_file import (
    MAX_BYTES,
    RESERVE,
    CorruptRecord,
    read_model,
    to_text,
    write_model,
)
from bench.records.paths import SEARCH_SUFFIX
from bench.records.record import UPGRADERS, Provenance, Record


def read(path: Path) -> Record:
    """Return the record in a file. Raises `CorruptRecord`."""
    return read_model(path, Record, UPGRADERS)


def write(path: Path, record: Record) -> None:
    """Write a record atomically. Raises ValueError if it is too large."""
    write_model(path, record, listed="seeds")


def room(record: Record) -> int:
    """Return how many more bytes the record may take."""
    return MAX_BYTES - len(to_text(record, listed="seeds").encode())


def most_seeds(metrics: Iterable[str], evaluations: int) -> int:
    """Return how many seeds are certain to fit in one record.

    `metrics` are the names in each evaluation, `evaluations` is the number of evaluations.
    """
    point = 30 + sum(len(name) + 22 for name in metrics)
    return (MAX_BYTES - RESERVE) // (evaluations * point + 480)


def valid(path: Path, spec: str) -> Record | None:
    """Return the record in a file if it has the hash `spec`, else None. Raises `CorruptRecord`."""
    if not path.exists():
        return None
    found = read(path)
    return found if found.provenance.spec == spec else None


def alike(one: Provenance, other: Provenance) -> bool:
    """Return whether seeds of both may be in one record.

    They may if libraries, environment, kind of device and number of threads are the same.
    """

    def what(origin: Provenance) -> tuple[object, ...]:
        kind = origin.device.partition(":")[0]
        return origin.versions, origin.environment, kind, origin.threads

    return what(one) == what(other)


@dataclass(frozen=True)
class Found:
    """A record together with where it was found."""

    path: Path
    record: Record


def walk(folder: Path) -> Iterator[Found | CorruptRecord]:
    """Yield every record below a folder (or one file) by path; for unreadable ones the error."""
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.json")):
        if path.name.endswith(SEARCH_SUFFIX):
            continue
        try:
            yield Found(path, read(path))
        except CorruptRecord as error:
            yield error
