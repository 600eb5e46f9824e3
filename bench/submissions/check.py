"""Checks: cells of submissions that were run again, kept as whole records, and what drew them.

    results/checks/<protocol>/<submission>/<task>/<cell>.json   a check
    results/checks/<protocol>/<submission>/draws/<ref>.json     a draw

A check never says that a record agrees: that is computed from the two records, whenever it is
asked. It holds for just the bytes that were checked: where a record has changed since, its check
counts no more, which is no fault. Who may add checks is a matter of reviews: a pull request with a
submission adds none.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records import strict_json
from bench.records.json_file import (
    MAX_BYTES,
    CorruptRecord,
    Name,
    Part,
    UnreadableRecord,
    read_model,
    write_model,
)
from bench.records.paths import CHECKS, SEARCH_SUFFIX, beside, place
from bench.records.record import UPGRADERS, Record
from bench.submissions.draw import REF, Draw, Sha256, SubmissionName
from bench.submissions.problem import Problem

MOST_SEEDS = 10
"""The first seeds, which are run again unless another number is asked for."""

DRAWS = "draws"
"""The folder of a submission's draws, beside those of tasks."""

PLACE = re.compile(
    rf"[0-9]+/[a-z0-9][a-z0-9._-]{{0,63}}/({DRAWS}/{REF}|(?!{DRAWS}/)[a-z][a-z0-9_]*/[^/]+)[.]json"
)
"""Where a check or a draw lies, below the folder of checks."""


def _upgraded(raw: Any) -> Any:
    """A re-run as records are now."""
    while isinstance(raw, dict) and raw.get("schema_version") in UPGRADERS:
        raw = UPGRADERS[raw["schema_version"]](raw)
    return raw


class Check(Part):
    """A cell of a submission that was run again."""

    schema_version: Literal[1] = 1
    protocol_version: str
    submission: SubmissionName
    task: Name
    cell: str  # its name within its task
    sha256: Sha256  # of the record's file
    rerun: Annotated[Record, BeforeValidator(_upgraded)]

    @property
    def label(self) -> str:
        """The cell as orders of draws name it: PROTOCOL/SUBMISSION/TASK/CELL."""
        return f"{self.protocol_version}/{self.submission}/{self.task}/{self.cell}"

    @classmethod
    def of(cls, record: Path, raw: bytes, rerun: Record) -> Check:
        """Of the record with these bytes at a path."""
        protocol, submission, task, name = place(record)
        return cls(
            protocol_version=protocol,
            submission=submission,
            task=task,
            cell=name.removesuffix(".json"),
            sha256=hashlib.sha256(raw).hexdigest(),
            rerun=rerun.model_copy(update={"artefacts": {}}),
        )

    def holds(self, record: Path) -> bool:
        """Whether the file is still the one that was checked."""
        return sha256(record) == self.sha256

    def flaw(self, record: Record) -> str:
        """Why the re-run can be no evidence on this record; "" if it can."""
        if self.rerun.seconds == record.seconds:  # no two runs take just as long
            return "its re-run is the record itself: it took the same time"
        made = self.rerun.provenance
        if made.commit is None:
            return "its re-run names no commit"
        return "" if made.dirty is False else "its re-run was made by changed code"

    def covers(self, record: Record) -> bool:
        """Whether the first ten seeds of the record were run again, or all of fewer."""
        first = [result.seed for result in record.seeds][:MOST_SEEDS]
        return {*first} <= {result.seed for result in self.rerun.seeds}


@dataclass(frozen=True)
class FoundCheck:
    """A check, where it was found, and where the record is that it checks."""

    path: Path
    record: Path
    check: Check


@dataclass(frozen=True)
class FoundDraw:
    """A draw, where it was found, and the folder of the submission of which it draws."""

    path: Path
    folder: Path
    draw: Draw


def check_path(record: Path) -> Path:
    """Return the path of a record's check."""
    return beside(record, CHECKS, ".json")


def draw_path(submission: Path, ref: str) -> Path:
    """Return the path of a draw from a submission's folder."""
    return check_path(submission / DRAWS / f"{ref}.json")


def label(record: Path) -> str:
    """A record as orders of draws name it: PROTOCOL/SUBMISSION/TASK/CELL."""
    return "/".join(place(record)).removesuffix(".json")


def content(record: Path) -> bytes:
    """Return the bytes of a record. Raises `CorruptRecord` for what is no plain file."""
    try:
        return strict_json.read_bytes(record, MAX_BYTES)
    except strict_json.BadJson as error:
        raise CorruptRecord(record, str(error)) from error
    except OSError as error:
        raise UnreadableRecord(record, f"cannot be read: {error.strerror}") from error


def sha256(record: Path) -> str | None:
    """Return the SHA-256 of a record's bytes; None if there are none."""
    try:
        return hashlib.sha256(content(record)).hexdigest()
    except CorruptRecord:
        return None


def read(path: Path) -> Check:
    """Return the check in a file. Raises `CorruptRecord`."""
    return read_model(path, Check)


def read_draw(path: Path) -> Draw:
    """Return the draw in a file. Raises `CorruptRecord`."""
    return read_model(path, Draw)


def write(path: Path, check: Check) -> None:
    """Write a check atomically. Raises ValueError if it is too large."""
    write_model(path, check, listed="rerun.seeds")


def write_draw(path: Path, draw: Draw) -> None:
    """Write a draw atomically. Raises ValueError if it is too large."""
    write_model(path, draw, listed="pool")


def shared(draws: Iterable[Draw], check: Check) -> int:
    """Return how many cells were drawn together with a checked one, itself included.

    They share the probability at which an honest one may differ.
    """
    cell = f"{check.task}/{check.cell}"
    together = [each for each in draws if cell in each.drawn and each.pool[cell] == check.sha256]
    return len({name for each in together for name in each.drawn}) or 1


def draws(submission: Path) -> list[Draw]:
    """Return all draws from a submission's folder that can be read."""
    results, folder = submission.parents[1], draw_path(submission, "").parent
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(CorruptRecord):
            name = "/".join(path.relative_to(results / CHECKS).parts)
            found.append(_found_draw(results, path, name).draw)
    return found


def walk(results: Path) -> Iterator[FoundCheck | FoundDraw | CorruptRecord]:
    """Yield every check and draw of a results folder; for all else that is there, the error."""
    top = results / CHECKS
    for path in _entries(top):
        name = "/".join(path.relative_to(top).parts)
        try:
            why = _no_plain_file(path)
            if why or not PLACE.fullmatch(name):
                raise CorruptRecord(path, why or "neither a check nor a draw, and nothing else is")
            if path.parent.name == DRAWS:
                yield _found_draw(results, path, name)
            else:
                yield _found_check(results, path, name)
        except CorruptRecord as error:
            yield error


def _entries(top: Path) -> Iterator[Path]:
    """All that is below a folder and is no folder; nothing is followed."""
    if top.is_symlink():
        yield top
        return
    for base, folders, files in os.walk(top):
        folders.sort()
        links = [name for name in folders if Path(base, name).is_symlink()]
        yield from (Path(base, name) for name in sorted([*files, *links]))


def _no_plain_file(path: Path) -> str:
    """Why this is no file of numbers; "" if it may be one."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a link"
    if not stat.S_ISREG(mode):
        return "no plain file"
    return "executable" if mode & 0o111 else ""


def _found_check(results: Path, path: Path, name: str) -> FoundCheck:
    check = read(path)
    within = (check.task, check.cell) == (check.rerun.task, check.rerun.cell)
    if name.removesuffix(".json") != check.label or not within:
        raise CorruptRecord(path, f"a check of {check.label}, in another's place")
    return FoundCheck(path, results / name, check)


def _found_draw(results: Path, path: Path, name: str) -> FoundDraw:
    draw = read_draw(path)
    own = f"{draw.protocol_version}/{draw.submission}"
    if name != f"{own}/{DRAWS}/{draw.ref}.json":
        raise CorruptRecord(path, f"a draw from {own} by {draw.ref}, in another's place")
    return FoundDraw(path, results / own, draw)


def cells(submission: Path) -> list[str]:
    """The records that are in a submission's folder now, as orders of draws name them."""
    files = sorted(submission.glob("*/*.json"))
    return [label(path) for path in files if not path.name.endswith(SEARCH_SUFFIX)]


def problems(results: Path) -> list[Problem]:
    """Return what is wrong with the checks of a results folder.

    That a record has changed since it was checked is not.
    """
    if not (results / PROTOCOL_VERSION).is_dir():  # a submission's folder, or a task's
        return []
    return [Problem(str(item[0]), "check", item[1]) for item in _faults(results) if item[1]]


def _faults(results: Path) -> Iterator[tuple[Path | str, str]]:
    for item in walk(results):
        if isinstance(item, CorruptRecord):
            yield item.path, item.why
        elif isinstance(item, FoundDraw):
            yield item.path, "" if item.folder.is_dir() else f"there is no submission {item.folder}"
        elif not item.record.exists():
            yield item.path, f"there is no record {item.record}"
        elif item.check.holds(item.record):
            try:
                yield item.path, item.check.flaw(read_model(item.record, Record, UPGRADERS))
            except CorruptRecord:  # which is named where records are
                continue
