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
from bench.records.outcomes import FULL_SEEDS
from bench.records.paths import SEARCH_SUFFIX, json_files
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


def most_seeds(
    metrics: Iterable[str], evaluations: int, watched: Iterable[str], window: int
) -> int:
    """Return how many seeds are certain to fit in one record.

    `metrics` are the names in each evaluation of the first seeds, `evaluations` is their number;
    of further seeds the `watched` ones are kept, and all in the last `window` (see `outcomes`).
    """
    point, thin = (30 + sum(len(name) + 22 for name in names) for names in (metrics, watched))
    full = evaluations * point + 480
    rest = max(0, evaluations - window) * thin + min(evaluations, window) * point + 480
    room = MAX_BYTES - RESERVE
    if room < FULL_SEEDS * full:
        return room // full
    return FULL_SEEDS + (room - FULL_SEEDS * full) // rest


def valid(path: Path, spec: str) -> Record | None:
    """Return the record in a file if it has the hash `spec`, else None. Raises `CorruptRecord`."""
    if not path.exists():
        return None
    found = read(path)
    return found if found.provenance.spec == spec else None


DECIDES = (
    *("versions", "environment", "device", "cpu", "capability", "threads", "dtype"),
    *("compiler", "compiled"),
)
"""The parts of provenance that make numbers differ, if only by rounding, which training amplifies.
Seeds in one record have them all in common."""


def unlike(one: Provenance, other: Provenance, *unknown: str) -> str:
    """Return what differs between the ways in which numbers were made; "" if nothing does.

    `unknown` are names of parts that are not compared.
    """
    differences = []
    for name in DECIDES:
        first, second = getattr(one, name), getattr(other, name)
        if name in unknown or first == second:
            continue
        if name == "versions":
            names = [n for n in sorted({*first, *second}) if first.get(n) != second.get(n)]
            differences += [f"{n} {first.get(n)}, {second.get(n)}" for n in names]
        else:
            differences.append(f"{name} {first}, {second}")
    return "; ".join(differences)


@dataclass(frozen=True)
class Found:
    """A record together with where it was found."""

    path: Path
    record: Record


def walk(folder: Path, *, follow: bool = True) -> Iterator[Found | CorruptRecord]:
    """Yield every record below a folder (or one file) by path; for unreadable ones the error.

    `follow` says whether folders may be links.
    """
    for path in json_files(folder, follow=follow):
        if path.name.endswith(SEARCH_SUFFIX):
            continue
        try:
            yield Found(path, read(path))
        except CorruptRecord as error:
            yield error
