"""Where things lie below a results folder.

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
    """Where a submission's records lie."""
    return results / PROTOCOL_VERSION / name


def record_path(folder: Path, cell: Cell) -> Path:
    """Where a cell's record lies below a submission's folder."""
    return folder / cell.task / f"{cell.name}.json"


def search_path(folder: Path, cell: Cell) -> Path:
    """Where the search of a cell lies below a submission's folder."""
    return folder / cell.task / f"{cell.published.name}{SEARCH_SUFFIX}"


def beside(record: Path, kind: str, suffix: str) -> Path:
    """Where the log or the actor of a record lies.

    results/1/a/b/c.json -> results/actors/1/a/b/c.npz
    """
    results = record.parents[3]
    return results / kind / record.relative_to(results).with_suffix(suffix)


def status_path(folder: Path) -> Path:
    """Where the status of a submission's run is kept."""
    return folder.parents[1] / "logs" / folder.parent.name / folder.name / "run.status"
