"""Paths below a results folder.

    results/<protocol>/<submission>/<task>/<cell>.json          a record
    results/<protocol>/<submission>/<task>/<cell>.search.json   a search
    results/logs/<protocol>/<submission>/...                    logs, the status of a run, its lock
    results/actors/<protocol>/<submission>/...                  trained actors

Git ignores the last two.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.experiment.protocol import PROTOCOL_VERSION

if TYPE_CHECKING:
    from bench.experiment.cell import Cell

SEARCH_SUFFIX = ".search.json"


def submission_folder(results: Path, name: str) -> Path:
    """Return the folder of a submission's records."""
    return results / PROTOCOL_VERSION / name


def record_path(folder: Path, cell: Cell) -> Path:
    """Return the path of a cell's record below a submission's folder."""
    return folder / cell.task / f"{cell.name}.json"


def search_path(folder: Path, cell: Cell) -> Path:
    """Return the path of a cell's search below a submission's folder."""
    return folder / cell.task / f"{cell.published.name}{SEARCH_SUFFIX}"


def beside(record: Path, kind: str, suffix: str) -> Path:
    """Return the path of a record's log or actor, by `kind` ("logs", "actors") and suffix.

    results/1/a/b/c.json -> results/actors/1/a/b/c.npz
    """
    results = record.parents[3]
    return results / kind / record.relative_to(results).with_suffix(suffix)


def status_path(folder: Path) -> Path:
    """Return the path of the status file of a submission's run."""
    return folder.parents[1] / "logs" / folder.parent.name / folder.name / "run.status"
