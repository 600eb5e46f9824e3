"""Progress of a running grid: a live bar on a terminal, and a line for each cell that ends.

The same status is written to a small file, which `python -m bench status` reads.
"""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.engine.plan import Job
from bench.engine.status_file import Running, RunStatus, duration, keep
from bench.records.attempt import Reason
from bench.records.plain_text import one_line

OFTEN = 1.0
"""Seconds between two versions of the status file while no job starts or ends."""

SELDOM = 300.0
"""Seconds between two lines of progress where there is no terminal for a bar."""


class Board:
    """Counts jobs done, running and failed, and predicts the end from the jobs' expected costs.

    `file`, if given, always has the current status; see `bench.engine.status_file`.
    """

    def __init__(
        self, jobs: Sequence[Job], console: Console, file: Path | None = None, unit: str = "cells"
    ) -> None:
        self.failures: list[str] = []
        self._jobs, self._console, self._file = jobs, console, file
        self._running: dict[int, float] = {}  # since when
        self._shares: dict[int, float] = {}  # of running jobs
        self._reasons: Counter[Reason] = Counter()  # of failures
        self._retries: Counter[Reason] = Counter()
        self._all_seeds = sum(len(job.seeds) for job in jobs)
        self._all_seconds = sum(job.seconds for job in jobs)
        self.unit = unit
        self.done, self._seeds = 0, 0
        self._spent = 0.0  # expected seconds of what has ended
        self._begin, self._began = time.monotonic(), time.time()
        self._kept, self._said = 0.0, self._begin
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
        self._refresh()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Show that nothing is running any more, and take the bar away."""
        self._running.clear()
        self._refresh()
        self._bar.stop()

    def started(self, number: int) -> None:
        """Show that a job has started."""
        self._running[number] = time.time()
        self._refresh()

    def progressed(self, number: int, share: float) -> None:
        """Show which share of a running job's training is done."""
        self._shares[number] = share
        self._refresh(now=False)

    def finished(self, number: int, line: str) -> None:
        """Show that a job's outcome is stored; `line` sums it up."""
        self._ended(number)
        self._spent += self._jobs[number].seconds
        self.done += 1
        self._seeds += len(self._jobs[number].seeds)
        self._print(f"[green]done[/]   {escape(one_line(line))}")
        self._refresh()

    def retried(self, number: int, reason: Reason, problem: str) -> None:
        """Show that a job has no outcome and will be retried."""
        self._ended(number)
        self._retries[reason] += 1
        self._say("yellow", f"{reason}, again later:", number, problem)

    def whole(self, number: int, problem: str) -> None:
        """Show that a job will train all seeds of its record, because its own cannot join them."""
        self._ended(number)
        self._say("yellow", "all seeds again:", number, problem)

    def failed(self, number: int, reason: Reason, problem: str) -> None:
        """Show that a job has no outcome and will not be retried."""
        self._ended(number)
        self._spent += self._jobs[number].seconds
        self._reasons[reason] += 1
        self.failures.append(self._say("red", f"failed ({reason})", number, problem))

    def note(self, text: str) -> None:
        """Show a line on the whole run."""
        self._print(f"[yellow]{escape(one_line(text))}[/]")

    def status(self) -> RunStatus:
        """Return the current status of the run."""
        jobs = self._jobs
        return RunStatus(
            host=platform.node(),
            process=os.getpid(),
            began=self._began,
            written=time.time(),
            left=self._left(),
            jobs=len(jobs),
            unit=self.unit,
            done=self.done,
            seeds=self._all_seeds,
            seeds_done=self._seeds,
            failed=dict(self._reasons),
            failures=self.failures,
            retried=dict(self._retries),
            running=[
                Running(
                    cell=jobs[number].label,
                    seeds=len(jobs[number].seeds),
                    share=self._shares.get(number, 0.0),
                    since=since,
                    log=str(jobs[number].log),
                )
                for number, since in sorted(self._running.items())
            ],
        )

    def _say(self, colour: str, what: str, number: int, problem: str) -> str:
        line = f"{self._jobs[number].label}: {one_line(problem)}"
        self._print(f"[{colour}]{what}[/] {escape(line)}")
        self._refresh()
        return line

    def _print(self, text: str) -> None:
        """Print a line; a closed stdout (rich raises SystemExit then) does not end the run."""
        with suppress(OSError, SystemExit):
            self._console.print(text, soft_wrap=True)

    def _ended(self, number: int) -> None:
        self._running.pop(number, None)
        self._shares.pop(number, None)

    def _refresh(self, *, now: bool = True) -> None:
        failed = ", ".join(f"{n} {reason}" for reason, n in sorted(self._reasons.items()))
        text = f"{self.done} done, {self._seeds}/{self._all_seeds} seeds, "
        text += f"{len(self._running)} running, {failed or '0'} failed"
        left = self._left()
        text += "" if left is None else f", about {duration(left)} left"
        completed = self.done + len(self.failures)
        self._bar.update(self._task, completed=completed, description=text)
        if not self._console.is_terminal and time.monotonic() - self._said > SELDOM:
            self._said = time.monotonic()
            self._print(f"{text} ({completed} of {len(self._jobs)})")
        if self._file is not None and (now or time.monotonic() - self._kept > OFTEN):
            self._kept = time.monotonic()
            with suppress(OSError):  # the run does not depend on it
                keep(self._file, self.status())

    def _left(self) -> float | None:
        """Return the expected seconds left, at the pace so far; None before anything is done."""
        partly = sum(self._jobs[number].seconds * share for number, share in self._shares.items())
        spent = self._spent + partly
        if not spent:
            return None
        left = self._all_seconds - spent
        return (time.monotonic() - self._begin) / spent * left
