"""What a user sees of a running grid: a live bar on a terminal, one line per cell anywhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.cells import Job


class Board:
    """Counts cells done, running and failed, and predicts the end from the jobs' expected costs."""

    def __init__(self, jobs: Sequence[Job], console: Console) -> None:
        self.failures: list[str] = []
        self._jobs, self._console = jobs, console
        self._running: dict[int, float] = {}
        self._shares: dict[int, float] = {}  # of running jobs, where the engine can tell
        self.done = 0
        self._spent = 0.0  # expected seconds of what has ended
        self._begin = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=len(jobs))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, number: int) -> None:
        """A job has begun."""
        self._running[number] = time.monotonic()
        self._refresh()

    def progressed(self, number: int, share: float) -> None:
        """A share of a running job is done."""
        self._shares[number] = share
        self._refresh()

    def finished(self, number: int, line: str) -> None:
        """A job has written its record."""
        self._ended(number)
        self.done += 1
        self._console.print(f"[green]done[/]   {escape(line)}", soft_wrap=True)
        self._refresh()

    def failed(self, number: int, problem: str) -> None:
        """A job has given no outcome."""
        self._ended(number)
        cell = self._jobs[number].cell
        line = f"{cell.task}/{cell.name}: {' '.join(problem.split())}"
        self.failures.append(line)
        self._console.print(f"[red]failed[/] {escape(line)}", soft_wrap=True)
        self._refresh()

    def _ended(self, number: int) -> None:
        self._running.pop(number, None)
        self._shares.pop(number, None)
        self._spent += self._jobs[number].seconds

    def _refresh(self) -> None:
        text = f"{self.done} done, {len(self._running)} running, {len(self.failures)} failed"
        self._bar.update(
            self._task,
            completed=self.done + len(self.failures),
            description=f"{text}{self._remaining()}",
        )

    def _remaining(self) -> str:
        """What is left, if the rest keeps the pace of what is done."""
        partly = sum(self._jobs[number].seconds * share for number, share in self._shares.items())
        spent = self._spent + partly
        if not spent:
            return ""
        left = sum(job.seconds for job in self._jobs) - spent
        seconds = (time.monotonic() - self._begin) / spent * left
        return f", about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """A length of time for people: "45 s", "12 min", "3.4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
