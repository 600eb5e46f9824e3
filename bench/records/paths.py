"""Paths below a results folder.

    results/<protocol>/<submission>/<task>/<cell>.json          a record
    results/<protocol>/<submission>/<task>/<cell>.search.json   a search
    results/logs/<protocol>/<submission>/...                    logs, the status of a run, its lock
    results/actors/<protocol>/<submission>/...                  trained actors
    results/checks/<protocol>/<submission>/<task>/<cell>.json   a check: the record of a re-run

Git ignores logs and actors. Paths are joined from the top. A folder may be a link to any place, so
no path is taken apart after links are resolved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.experiment.protocol import PROTOCOL_VERSION

if TYPE_CHECKING:
    from bench.experiment.cell import Cell

SEARCH_SUFFIX = ".search.json"

LOCAL = "local"
"""The submission of a run without --name, which is none: git ignores its folder."""

OF_THE_MACHINE = ("actors", "logs")
"""Folders below a results folder that git ignores."""

CHECKS = "checks"
"""The folder of checks below a results folder; no submission's, so its files are no records."""

LONGEST_NAME = 255 - len(f"{SEARCH_SUFFIX}.corrupt999")
"""Bytes that a cell's name may have: file systems take 255 in a file's name."""


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
    """Return the path of a record's log, actor or check, by `kind`, which is a folder, and suffix.

    results/2/a/b/c.json -> results/actors/2/a/b/c.npz
    """
    results = record.parents[3]
    return results / kind / record.relative_to(results).with_suffix(suffix)


def status_path(folder: Path) -> Path:
    """Return the path of the status file of a submission's run."""
    return folder.parents[1] / "logs" / folder.parent.name / folder.name / "run.status"


def name_problem(cell: Cell) -> str | None:
    """Return why no file can have this cell's name; None if one can."""
    length = len(f"{cell.name}~tuned".encode())
    if length <= LONGEST_NAME:
        return None
    return (
        f"{cell.task}/{cell.name[:40]}... joins {cell.name.count('+')} strategies: its files' "
        f"names would have {length} bytes, more than {LONGEST_NAME}; join fewer at a time"
    )


def place(path: Path) -> tuple[str, str, str, str]:
    """Return protocol, submission, task and file name of a path, as far as it has them, or ""."""
    *_, protocol, submission, task, name = ("", "", "", *Path(os.path.abspath(path)).parts)
    return protocol, submission, task, name


def json_files(folder: Path, *, follow: bool = True) -> Iterator[Path]:
    """Yield every JSON file below a folder (or one file) by path; `follow` links to folders.

    Checks are left out, of which there are some only in a results folder.
    """
    if folder.is_file():
        yield folder
        return
    for base, folders, files in os.walk(folder, followlinks=follow):
        above = Path(base).parents[: len(Path(base).relative_to(folder).parts)]
        if any(os.path.samefile(base, each) for each in above):  # a link to where it is
            folders.clear()
            continue
        if Path(base) == folder / CHECKS:  # a task's or a submission's folder has no protocols
            folders[:] = [name for name in folders if not name.isdigit()]
        folders.sort()
        yield from (Path(base, name) for name in sorted(files) if name.endswith(".json"))
