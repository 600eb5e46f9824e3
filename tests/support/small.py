"""The small grid that tests of the command line run, and what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records.record import Record
from bench.records.store import Found, walk

SMALL = ("--tasks", "dirac", "--strategies", "", "--base", "bare", "--engine", "serial")
"""Three cells unless strategies are added: the base and the two controls."""


def records(folder: str = "results") -> dict[str, Record]:
    """By TASK/CELL."""
    return {f"{f.record.task}/{f.record.cell}": f.record for f in walk(Path(folder)) if is_found(f)}


def is_found(item: object) -> bool:
    """Raises for what is no record."""
    assert isinstance(item, Found), item
    return True


def found_files() -> list[Path]:
    """All files below the working directory."""
    return sorted(path for path in Path().rglob("*") if path.is_file())


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command that has said nothing else."""
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    prefix, _, message = line.partition(": ")
    assert prefix == "error"
    return message
