"""Reads, finds and writes searches, and finds the settings that they have chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records.json_file import MAX_BYTES, RESERVE, CorruptRecord, read_model, write_model
from bench.records.paths import SEARCH_SUFFIX, json_files, search_path
from bench.records.search import MOST_CANDIDATES, Search
from bench.records.search_space import Space, search_space
from bench.records.store import Found


class NoSearch(ValueError):
    """Tuned settings were requested, but there is no complete search by the present code."""


def search_spec(cell: Cell, within: Space, seeds: Sequence[int]) -> str:
    """Return a hash of all that a search depends on: code, data, search space, seeds."""
    parts = [spec_hash(cell.published), within, list(seeds)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def read(file: Path) -> Search:
    """Return the search in a file. Raises `CorruptRecord`."""
    return read_model(file, Search)


def read_if_any(file: Path) -> Search | None:
    """The search in a file; None if there is no file. Raises `CorruptRecord`."""
    return read(file) if file.exists() else None


def write(file: Path, search: Search) -> None:
    """Write a search atomically, one line per candidate. Raises ValueError if too large."""
    write_model(file, search, listed="candidates")


def valid(file: Path, spec: str) -> Search | None:
    """Return the search in a file if it has the hash `spec`, else None. Raises `CorruptRecord`."""
    found = read_if_any(file)
    return found if found is not None and found.spec == spec else None


def most_candidates(cell: Cell, seeds: int) -> int:
    """Return how many candidates are certain to fit in one file, as large as a record at most."""
    task = registry.task(cell.task)
    settings = sum(len(name) + 32 for own in search_space(cell).values() for name in own)
    each = 240 + settings + task.evaluations * (28 + 16 * seeds)
    return min(MOST_CANDIDATES, (MAX_BYTES - RESERVE) // each)


def walk(folder: Path, *, follow: bool = True) -> Iterator[tuple[Path, Search | CorruptRecord]]:
    """Yield every search below a folder (or one file) by path; for unreadable ones the error.

    `follow` says whether folders may be links.
    """
    for file in json_files(folder, follow=follow):
        if not file.name.endswith(SEARCH_SUFFIX):
            continue
        try:
            yield file, read(file)
        except CorruptRecord as error:
            yield file, error


def current(search: Search) -> bool:
    """Return whether a search was made with the present code, data and search space."""
    try:
        within = search_space(search.origin)
        return search.spec == search_spec(search.origin, within, search.seeds)
    except ValueError:  # a task or a strategy that no longer exists
        return False


def tuned(cell: Cell, folder: Path) -> tuple[Cell, Search | None]:
    """Return the cell with the settings that its search has chosen, and that search.

    (cell, None) if the cell has nothing to search. Raises `NoSearch` if the search is missing, not
    complete or not made with the present code, and `CorruptRecord` if it cannot be read.
    """
    within = search_space(cell)
    if not within:
        return cell, None
    file = search_path(folder, cell)
    found = read_if_any(file)
    if found is None:
        raise NoSearch(f"{cell.task}/{cell.name} has not been searched in {folder}")
    if not current(found):
        raise NoSearch(f"{file} was made by other code or data")
    best = found.best()
    if best is None or not found.complete:
        raise NoSearch(f"{file} has not come to its end")
    return cell.varied("tuned", best.settings), found


def unchosen(found: Found) -> str | None:
    """Return why a tuned record is not valid; None if the search beside it chose its settings.

    Only that search shows that they were chosen on other seeds than the record's own.
    """
    try:
        chosen, _ = tuned(found.record.origin.published, found.path.absolute().parents[1])
    except ValueError as error:  # no search, a corrupt one, or names that no longer exist
        return f"its settings were chosen by no search: {error}"
    if chosen.settings() != found.record.settings:
        return "the search beside it has chosen other settings"
    return None
