"""Says so if a run starts nothing for a while, and why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.engine.plan import Resources

PATIENCE = 60.0
"""Seconds without a first job after which a run says so. Ray's workers take ten."""

AGAIN = 300.0
"""Seconds after which it says so again."""


class FirstStart:
    """A context in which `say` is called with the reason as long as nothing has started.

    `why` is called in another thread, and returns the reason.
    """

    def __init__(self, say: Callable[[str], None], why: Callable[[], str]) -> None:
        self._say, self._why, self._patience = say, why, PATIENCE
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def seen(self) -> None:
        """Take note that a job has started."""
        self._started.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._started.set()

    def _watch(self) -> None:
        waited, patience = 0.0, self._patience
        while not self._started.wait(patience):
            waited, patience = waited + patience, AGAIN
            try:
                reason = self._why()
            except Exception as error:  # Ray may be gone by now
                reason = f"Ray does not answer ({error})"
            self._say(f"nothing has started after {waited:.0f} s: {reason}")


def why_nothing_starts(resources: Resources, free: Mapping[str, float], logs: Path) -> str:
    """Return why no job starts, from the logs of this machine and the cluster's free resources."""
    last = last_error(logs)
    if last is not None:
        return f"Ray's workers end before they begin: {last[1]}; see {last[0]}"
    cpus, gpus = free.get("CPU", 0.0), free.get("GPU", 0.0)
    if cpus < resources.cpus or gpus < resources.gpus:
        return (
            f"a cell takes {resources.cpus} CPUs and {resources.gpus:g} GPUs, and of the cluster's "
            f"{cpus:g} and {gpus:g} are free; if other work holds them, `ray status` shows it"
        )
    return f"Ray has not started a worker yet; see {logs}"


def last_error(logs: Path) -> tuple[Path, str] | None:
    """Return the newest log with what workers wrote to stderr, and its last line; None if none.

    What they write before they have a log of their own is in that of Ray's local daemon.
    """
    errors = (*logs.glob("worker-*.err"), *logs.glob("raylet.err"))
    written = [path for path in errors if path.stat().st_size]
    if not written:
        return None
    newest = max(written, key=lambda path: path.stat().st_mtime)
    lines = newest.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return (newest, lines[-1]) if lines else None
