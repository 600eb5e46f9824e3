"""The status of a run, in a small file that `python -m bench status` reads."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import BaseModel

from bench.records.attempt import Reason


class Running(BaseModel):
    """A job that is running."""

    cell: str
    seeds: int
    share: float  # of its training that is done
    since: float  # seconds since the epoch
    log: str


class RunStatus(BaseModel):
    """The status of a run. Times are in seconds since the epoch."""

    host: str
    process: int
    began: float
    written: float
    left: float | None  # seconds, expected
    jobs: int
    unit: str  # what jobs are: cells, parts of them, or settings
    done: int
    seeds: int
    seeds_done: int
    failed: dict[Reason, int]
    failures: list[str]
    retried: dict[Reason, int]
    running: list[Running]

    @property
    def to_go(self) -> int:
        """How many jobs have neither succeeded nor failed."""
        return self.jobs - self.done - len(self.failures)

    @property
    def age(self) -> float:
        """Seconds since the run began."""
        return since(self.began)


def since(moment: float) -> float:
    """Return the seconds since a moment; 0 if the clock was set back, or is another machine's."""
    return max(0.0, time.time() - moment)


def keep(file: Path, status: RunStatus) -> None:
    """Write the status file atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".tmp")
    new.write_text(status.model_dump_json(indent=1) + "\n", encoding="utf-8")
    new.replace(file)


def read(file: Path) -> RunStatus | None:
    """Return the status in a file, or None if there is no valid one."""
    try:
        return RunStatus.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def duration(seconds: float) -> str:
    """Format a duration for people: "45 s", "12 min", "3.4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
