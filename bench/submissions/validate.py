"""Validates a folder of records and searches; files are parsed as data, never executed.

Each kind of check has a module of its own: what a submission may hold, each file by itself, and
all files together with what is merged already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.records import search_store
from bench.records.json_file import CorruptRecord
from bench.records.paths import SEARCH_SUFFIX, place
from bench.records.search import Search
from bench.records.store import Found, walk
from bench.submissions import (
    canaries,
    check,
    copies,
    folder_rules,
    machine_rules,
    manifest,
    record_rules,
    search_rules,
    standing,
)
from bench.submissions.problem import Problem


class NothingToCheck(ValueError):
    """A path that does not exist or holds no records."""


@dataclass(frozen=True)
class Checked:
    """How many records and searches were checked, and all problems, by file."""

    count: int
    problems: list[Problem]


def validate(path: Path, merged: Path | None = None) -> Checked:
    """Check all files below a folder, or one file; `merged` holds what is merged already.

    Files of the one that lie in the other, at the same place, are the same submission's. Raises
    `NothingToCheck` if the path does not exist or holds no record.
    """
    if not path.exists():
        raise NothingToCheck(f"{path} does not exist; give a folder of records")
    searches = (
        list(search_store.walk(path, follow=False))
        if path.is_dir() or path.name.endswith(SEARCH_SUFFIX)
        else []
    )
    found = [] if path.name.endswith(SEARCH_SUFFIX) else list(walk(path, follow=False))
    problems = list(folder_rules.problems(path))
    if not found and not searches and not problems:
        raise NothingToCheck(f"{path} holds no records (*.json); run `python -m bench run` first")
    problems += [_corrupt(item) for item in found if isinstance(item, CorruptRecord)]
    problems += [_corrupt(one) for _, one in searches if isinstance(one, CorruptRecord)]
    records = [item for item in found if isinstance(item, Found)]
    whole = [(file, one) for file, one in searches if isinstance(one, Search)]
    for item in records:
        problems += record_rules.problems(item)
    for file, one in whole:
        problems += search_rules.problems(file, one)
    problems += search_rules.unlike(whole)
    # Only of what is a record at all can it be said that it is copied, or moved.
    broken = {problem.file for problem in problems if problem.rule in PARTS_MISSING}
    sound = [item for item in records if str(item.path) not in broken]
    problems += _together(sound, path, merged)
    if path.is_dir():
        problems += manifest.problems(path, records)
        problems += check.problems(path)
        problems += standing.problems(path)
    return Checked(len(found) + len(searches), sorted(set(problems)))


PARTS_MISSING = ("name", "place", "seeds", "curve")
"""Rules without which a record's numbers mean nothing."""


def _together(own: Sequence[Found], path: Path, merged: Path | None) -> list[Problem]:
    """Problems of records that only show beside others, of their own submission and of all.

    Raises `BadStanding`.
    """
    named = _named(path, merged)
    others = [] if merged is None else _others(merged, path)
    others.sort(key=lambda item: not named.judges(item.path))
    return [
        *machine_rules.mixed(own),
        *copies.problems(own, others, named.withdrawal),
        *canaries.problems(own, others, named.judges),
    ]


def _named(path: Path, merged: Path | None) -> standing.Standing:
    """The list by which records are judged. Raises `BadStanding` for that of what is merged."""
    if merged is not None:
        return standing.load(merged)
    try:
        return standing.load(path if path.is_dir() else path.parent)
    except standing.BadStanding:  # which `standing.problems` names
        return standing.Standing()


def _others(merged: Path, path: Path) -> list[Found]:
    """The merged records that are no older ones of the files that are checked."""
    known = {place(item.path) for item in walk(path, follow=False) if isinstance(item, Found)}
    return [
        item
        for item in walk(merged, follow=False)
        if isinstance(item, Found)
        and place(item.path)[1] != manifest.OWN
        and place(item.path) not in known
    ]


def _corrupt(error: CorruptRecord) -> Problem:
    return Problem(str(error.path), "form", error.why)
