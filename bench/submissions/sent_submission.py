"""Checks one submission of a merge commit: its files by name, mode and size, then by content.

Called by `pull_request`. Files that may be there are written to a folder of their own, and
validated there as `validate results/2/NAME` does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.json_file import MAX_BYTES
from bench.submissions import changed_records, manifest
from bench.submissions.closed_list import (
    MANIFEST,
    MOST_BYTES,
    MOST_FILES,
    STANDING,
    folded,
    name_problem,
    path_problem,
    text_problem,
)
from bench.submissions.git_objects import PLAIN, Entry, Repository
from bench.submissions.problem import Problem
from bench.submissions.touched_paths import RESULTS, shown
from bench.submissions.validate import NothingToCheck, validate

MODES = {
    "120000": "a link",
    "100755": "executable",
    "160000": "another repository",
}


@dataclass(frozen=True)
class Merge:
    """A submission in a merge commit, `later`, and in the commit that it is merged into."""

    repository: Repository
    earlier: str
    later: str
    protocol: str
    name: str
    author: str | None

    @property
    def home(self) -> str:
        """Where the submission is, from the top."""
        return f"{RESULTS}/{self.protocol}/{self.name}"


def check(merge: Merge) -> tuple[int, list[Problem]]:
    """Return how many records and searches the submission has, and every problem."""
    every = merge.repository.files(merge.earlier, RESULTS)
    old = [entry for entry in every if _inside(entry, f"{RESULTS}/{merge.protocol}")]
    names = {shown(entry.path).split("/")[2] for entry in old}
    wrong = name_problem(merge.name, names)
    problems = [] if wrong is None else [Problem(merge.home, "closed list", wrong)]
    if merge.protocol != PROTOCOL_VERSION:
        text = f"protocol {merge.protocol}, not {PROTOCOL_VERSION}"
        problems.append(Problem(merge.home, "closed list", text))
    new = merge.repository.files(merge.later, merge.home)
    before = [entry for entry in old if _inside(entry, merge.home)]
    sound, unsound = _sound(new, merge.home)
    problems += [*unsound, *_deleted(before, new)]
    if not sound or merge.protocol != PROTOCOL_VERSION:
        return 0, problems
    with tempfile.TemporaryDirectory(prefix="crossover-merge-") as folder:
        root = Path(folder)
        others = [entry for entry in old if not _inside(entry, merge.home)]
        others += [each for each in every if each.path == f"{RESULTS}/{STANDING}".encode()]
        _write(merge.repository, [*sound, *_harmless(others)], root / "later")
        _write(merge.repository, _harmless(before), root / "earlier")
        found = [*_owner_problems(merge, root, bool(before))]
        found += _change_problems(before, sound, root)
        count, invalid = _validated(root / "later", merge.home)
        there = sum(entry.path.endswith(b".json") for entry in sound)
        if count != there or there == 0:
            text = f"of its {there} records and searches {count} were checked"
            found.append(Problem(merge.home, "form", text if there else "holds no record"))
        problems += [_named_from(each, root) for each in (*found, *invalid)]
    return count, problems


def _inside(entry: Entry, folder: str) -> bool:
    return entry.path.startswith(f"{folder}/".encode())


def _deleted(before: list[Entry], after: list[Entry]) -> list[Problem]:
    there = {entry.path for entry in after}
    text = "is deleted; records are only added, or run again"
    gone = [entry.path for entry in before if entry.path not in there]
    return [Problem(shown(path), "merged record", text) for path in gone]


def _validated(top: Path, home: str) -> tuple[int, list[Problem]]:
    """Return how many records and searches of the submission are checked, and their problems."""
    try:
        checked = validate(top / home, merged=top / RESULTS)
    except NothingToCheck:
        return 0, []
    return checked.count, checked.problems


def _sound(entries: list[Entry], home: str) -> tuple[list[Entry], list[Problem]]:
    """Return the files that a submission may hold, and what is wrong with all others."""
    if len(entries) > MOST_FILES:
        text = f"holds {len(entries)} files, more than {MOST_FILES}"
        return [], [Problem(home, "closed list", text)]
    total = sum(entry.size or 0 for entry in entries)
    if total > MOST_BYTES:
        text = f"holds {total} bytes, more than {MOST_BYTES}"
        return [], [Problem(home, "closed list", text)]
    sound, problems = [], []
    first: dict[str, Entry] = {}
    for entry in entries:
        wrong = _entry_problem(entry, home)
        other = first.setdefault(folded(shown(entry.path)), entry)
        if other is not entry:
            wrong = f"the same name as {shown(other.path)} on some file systems"
        if wrong is None:
            sound.append(entry)
        else:
            problems.append(Problem(shown(entry.path), "closed list", wrong))
    return sound, problems


def _entry_problem(entry: Entry, home: str) -> str | None:
    if entry.mode != PLAIN or entry.size is None:
        kind = MODES.get(entry.mode, f"of mode {entry.mode}")
        return f"{kind}; a submission holds plain files of mode {PLAIN} alone"
    wrong = text_problem(entry.path)
    if wrong is None:
        below = entry.path.decode("utf-8").removeprefix(f"{home}/")
        wrong = path_problem(tuple(below.split("/")))
    if wrong is None and entry.size > MAX_BYTES:
        wrong = f"{entry.size} bytes, more than {MAX_BYTES}"
    return wrong


def _harmless(entries: Iterable[Entry]) -> list[Entry]:
    """Return the files among merged ones that can be written and read like records."""
    return [
        entry
        for entry in entries
        if entry.mode == PLAIN
        and entry.size is not None
        and entry.size <= MAX_BYTES
        and text_problem(entry.path) is None
    ]


def _write(repository: Repository, entries: Iterable[Entry], top: Path) -> None:
    """Write files below a folder; their paths are known to be text that leads nowhere else."""
    for entry, content in repository.contents(entries):
        path = top / entry.path.decode("utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)


def _change_problems(before: list[Entry], after: list[Entry], root: Path) -> Iterator[Problem]:
    old = {entry.path: entry for entry in _harmless(before)}
    for entry in after:
        was, path = old.get(entry.path), entry.path.decode("utf-8")
        if was is None or was.oid == entry.oid or path.endswith(f"/{MANIFEST}"):
            continue
        wrong = changed_records.change_problem(root / "earlier" / path, root / "later" / path)
        if wrong is not None:
            yield Problem(path, "merged record", wrong)


def _owner_problems(merge: Merge, root: Path, existed: bool) -> Iterator[Problem]:
    """Yield why the submission is not the author's to send, or to change."""
    name = f"{merge.home}/{MANIFEST}"
    try:
        owner = manifest.load(root / "later" / name).by
    except FileNotFoundError:
        yield Problem(name, "manifest", "is missing")
        return
    except manifest.BadManifest:
        return  # the validator says what is wrong with it
    if existed:
        try:
            before = manifest.load(root / "earlier" / name).by
        except (FileNotFoundError, manifest.BadManifest):
            text = "its merged submission has no owner, so that only the maintainers may change it"
            yield Problem(name, "merged record", text)
            before = owner
        if before.casefold() != owner.casefold():
            text = f"the submission is merged as that of {before}, not of {owner}"
            yield Problem(name, "merged record", text)
    if merge.author is not None and merge.author.casefold() != owner.casefold():
        text = f"the submission is that of {owner}, the pull request that of {merge.author}"
        yield Problem(name, "manifest", text)


def _named_from(problem: Problem, root: Path) -> Problem:
    """Return a problem whose paths are those in the repository."""
    file, text = problem.file, problem.text
    for part in ("later", "earlier"):
        top = f"{root / part}/"
        file, text = file.replace(top, ""), text.replace(top, "")
    return replace(problem, file=file, text=text)
