"""Says so if a run starts nothing for a while, and why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.engine.plan import Resources

PATIENCE = 60.0
"""Seconds without a first job after which a run says so. Ray's workers take ten."""

AGAIN = 300.0
"""Seconds after which it says so again."""


@contextmanager
def awaited(say: Callable[[str], None], why: Callable[[], str]) -> Iterator[threading.Event]:
    """A context with an event to set at the first start; until then, `say` is told the reason.

    `why` returns the reason; both are called in another thread.
    """
    started = threading.Event()
    threading.Thread(target=_watch, args=(started, say, why), daemon=True).start()
    try:
        yield started
    finally:
        started.set()


def _watch(started: threading.Event, say: Callable[[str], None], why: Callable[[], str]) -> None:
    waited, patience = 0.0, PATIENCE
    while not started.wait(patience):
        waited, patience = waited + patience, AGAIN
        try:
            reason = why()
        except Exception as error:  # Ray may be gone by now
            reason = f"Ray does not answer ({error})"
        say(f"nothing has started after {waited:.0f} s: {reason}")


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
