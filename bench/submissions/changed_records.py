"""What a pull request may change in a record or a search that is merged; for `sent_submission`.

A record is what its owner has measured with one state of the code. It may be made again once that
code has changed, or have seeds added. Another try with the same code may not take its place: the
better of two would be kept.
"""

from __future__ import annotations

from pathlib import Path

from bench.records import search_store, store
from bench.records.json_file import CorruptRecord
from bench.records.paths import SEARCH_SUFFIX
from bench.records.record import Record, SeedResult
from bench.records.search import Search

MERGED = (
    "another record of the cell with the same code is merged already; only seeds may be added to it"
)
SEARCHED = (
    "another search of the cell with the same code is merged already; only candidates may be added"
)

FREE = {"planned_seeds", "seeds", "seconds", "seconds_seeds", "artefacts", "provenance"}
"""Parts of a record that differ once seeds are added."""
FREE_IN_SEARCH = {"budget", "candidates", "provenance"}


def change_problem(old: Path, new: Path) -> str | None:
    """Return why a file may not take the place of a merged one; None if it may.

    What is wrong with the new file by itself is for the validator to say.
    """
    try:
        if new.name.endswith(SEARCH_SUFFIX):
            later_search = search_store.read(new)
        else:
            later = store.read(new)
    except CorruptRecord:
        return None
    try:
        if new.name.endswith(SEARCH_SUFFIX):
            return _search_problem(search_store.read(old), later_search)
        return _record_problem(store.read(old), later)
    except CorruptRecord:
        return "the merged file cannot be read, so that nothing is known to be kept of it"


def _record_problem(old: Record, new: Record) -> str | None:
    if old.provenance.spec != new.provenance.spec:
        return None  # the validator holds the new one to the present code
    made = {result.seed: _outcome(result) for result in new.seeds}
    kept = all(made.get(result.seed) == _outcome(result) for result in old.seeds)
    added = len(made) > len(old.seeds) and {*old.planned_seeds} <= {*new.planned_seeds}
    alike = old.model_dump(exclude=FREE) == new.model_dump(exclude=FREE)
    if kept and added and alike and not store.unlike(old.provenance, new.provenance):
        return None
    return MERGED


def _outcome(result: SeedResult) -> SeedResult:
    """A seed without the attempts that it took."""
    return result.model_copy(update={"attempts": []})


def _search_problem(old: Search, new: Search) -> str | None:
    if old.spec != new.spec:
        return None
    kept = new.candidates[: len(old.candidates)] == old.candidates
    added = len(new.candidates) > len(old.candidates)
    alike = old.model_dump(exclude=FREE_IN_SEARCH) == new.model_dump(exclude=FREE_IN_SEARCH)
    return None if kept and added and alike else SEARCHED
