"""Checks: cells of submissions that were run again, kept as whole records.

    results/checks/<protocol>/<submission>/<task>/<cell>.json

A check never says that a record agrees: that is computed from the two records, whenever it is
asked. It holds for just the bytes that were checked, so an edited record loses its check. Who may
add checks is a matter of reviews: a pull request with a submission adds none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bench.records.json_file import CorruptRecord, Name, Part, read_model, write_model
from bench.records.paths import CHECKS, SEARCH_SUFFIX, beside, json_files, place
from bench.records.record import UPGRADERS, Record
from bench.submissions.draw import Draw, problem
from bench.submissions.problem import Problem

MOST_SEEDS = 10
"""The first seeds, which are run again unless another number is asked for."""


def _upgraded(raw: Any) -> Any:
    """A re-run as records are now."""
    while isinstance(raw, dict) and raw.get("schema_version") in UPGRADERS:
        raw = UPGRADERS[raw["schema_version"]](raw)
    return raw


class Check(Part):
    """A cell of a submission that was run again."""

    schema_version: Literal[1] = 1
    protocol_version: str
    submission: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    task: Name
    cell: str = Field(description="the cell's name within its task")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the record's file")
    drawn: Draw | None = Field(description="how the cell was drawn; null: chosen by hand")
    rerun: Annotated[Record, BeforeValidator(_upgraded)]

    @property
    def label(self) -> str:
        """The cell as draws name it: PROTOCOL/SUBMISSION/TASK/CELL."""
        return f"{self.protocol_version}/{self.submission}/{self.task}/{self.cell}"

    @classmethod
    def of(cls, record: Path, raw: bytes, drawn: Draw | None, rerun: Record) -> Check:
        """Of the record with these bytes at a path."""
        protocol, submission, task, name = place(record)
        return cls(
            protocol_version=protocol,
            submission=submission,
            task=task,
            cell=name.removesuffix(".json"),
            sha256=hashlib.sha256(raw).hexdigest(),
            drawn=drawn,
            rerun=rerun.model_copy(update={"artefacts": {}}),
        )

    def holds(self, record: Path) -> bool:
        """Whether the file is still the one that was checked."""
        try:
            return hashlib.sha256(record.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False

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


def check_path(record: Path) -> Path:
    """Return the path of a record's check."""
    return beside(record, CHECKS, ".json")


def label(record: Path) -> str:
    """A record as draws name it: PROTOCOL/SUBMISSION/TASK/CELL."""
    return "/".join(place(record)).removesuffix(".json")


def read(path: Path) -> Check:
    """Return the check in a file. Raises `CorruptRecord`."""
    return read_model(path, Check)


def earlier(path: Path, record: Path) -> Check | None:
    """Return the check in a file if there is one that holds for the record as it is now."""
    try:
        found = read(path)
    except CorruptRecord:  # or none
        return None
    return found if found.holds(record) else None


def write(path: Path, check: Check) -> None:
    """Write a check atomically. Raises ValueError if it is too large."""
    write_model(path, check, listed="rerun.seeds")


def walk(results: Path) -> Iterator[FoundCheck | CorruptRecord]:
    """Yield every check of a results folder; for what is none, or in another's place, the error."""
    top = results / CHECKS
    for protocol in sorted(top.iterdir()) if top.is_dir() else ():
        for path in json_files(protocol) if protocol.is_dir() else ():
            parts = path.relative_to(top).parts
            try:
                check = read(path)
            except CorruptRecord as error:
                yield error
                continue
            within = (check.task, check.cell) == (check.rerun.task, check.rerun.cell)
            if "/".join(parts).removesuffix(".json") != check.label or not within:
                yield CorruptRecord(path, f"a check of {check.label}, in another's place")
            else:
                yield FoundCheck(path, results.joinpath(*parts), check)


def cells(submission: Path) -> list[str]:
    """The records that are in a submission's folder now, as draws name them."""
    files = sorted(submission.glob("*/*.json"))
    return [label(path) for path in files if not path.name.endswith(SEARCH_SUFFIX)]


def problems(results: Path) -> list[Problem]:
    """Return what is wrong with the checks of a results folder."""
    found: list[Problem] = []
    present: dict[Path, Collection[str]] = {}
    for item in walk(results):
        if isinstance(item, CorruptRecord):
            found.append(Problem(str(item.path), "check", item.why))
            continue
        file, submission = str(item.path), item.record.parents[1]
        if not item.record.exists():
            found.append(Problem(file, "check", f"there is no record {item.record}"))
        elif not item.check.holds(item.record):
            found.append(Problem(file, "check", f"{item.record} is not the file it has checked"))
        elif item.check.drawn is not None:
            if submission not in present:
                present[submission] = cells(submission)
            text = problem(item.check.drawn, [item.check.label], present[submission])
            if text:
                found.append(Problem(file, "check", f"its draw {text}"))
    return found
