"""Hands out jobs, stores their results, and decides which jobs are retried."""

from __future__ import annotations

import errno
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bench.engine import writer
from bench.engine.plan import Job
from bench.engine.progress import Board
from bench.engine.trial import TrialResult, problem, summary
from bench.engine.writer import Unlike
from bench.records.attempt import Attempt, Reason

Keep = Callable[[Any, Any, list[Attempt]], str]
"""(job, result of its trial, earlier attempts) -> a line about it; stores the result. Raises what
writing raises."""


def keep_record(job: Job, result: TrialResult, attempts: list[Attempt]) -> str:
    """Store the result of a trial in the record of its cell; return a line about it."""
    writer.keep(job, result, attempts)
    return summary(result.record)


class FullDisk(Exception):
    """A result cannot be written for want of space."""


FULL = {errno.ENOSPC, errno.EDQUOT}
"""Errors that pass when space is made; others, such as of permissions, do not."""

RETRIES: dict[Reason, int] = {"oom": 1, "crashed": 1, "timeout": 1, "interrupted": 3}
"""How often a job without an outcome is retried in one run, by reason."""

AGAIN = 5.0
"""Seconds between two attempts to write results that could not be written."""

GIVE_UP = 60.0
"""Seconds after which a run ends if it can only wait for disk space."""


class Dispatcher:
    """The part of running jobs that both engines share. Jobs are identified by their index.

    Results for which the disk is full are kept in memory; until they are written no new job is
    handed out, because its outcome would be lost too.
    """

    def __init__(self, jobs: Sequence[Job], board: Board, keep: Keep = keep_record) -> None:
        self.jobs, self._board, self._put = list(jobs), board, keep
        self._waiting = deque(range(len(jobs)))
        self._running: set[int] = set()
        self._attempts: dict[int, list[Attempt]] = {number: [] for number in self._waiting}
        self._unwritten: dict[int, tuple[Any, FullDisk]] = {}
        self._tried, self._since = 0.0, 0.0  # unwritten results: last attempt, and since when

    def next(self) -> int | None:
        """Return the index of the next job, or None if none can start now."""
        if self._unwritten and not self._written():
            return None
        if not self._waiting:
            return None
        number = self._waiting.popleft()
        self._running.add(number)
        return number

    @property
    def over(self) -> bool:
        """Whether no job is running and none can start."""
        if self._running:
            return False
        if self._unwritten:
            return time.monotonic() - self._since > GIVE_UP
        return not self._waiting

    @property
    def running(self) -> int:
        """How many jobs have been handed out and have not ended."""
        return len(self._running)

    def succeeded(self, number: int, result: Any) -> None:
        """Store the result of a job that has an outcome."""
        if number not in self._running:
            return  # it has ended already: its process died after the report
        self._running.discard(number)
        try:
            self._keep(number, result)
        except FullDisk as error:
            now = self._tried = time.monotonic()
            self._since = self._since if self._unwritten else now
            self._unwritten[number] = (result, error)

    def lost(self, number: int, reason: Reason, message: str) -> None:
        """Take note of a job without an outcome: it is retried after all others, up to a limit."""
        if number not in self._running:
            return
        self._running.discard(number)
        attempts = self._attempts[number]
        attempts.append(Attempt(reason=reason, message=message[:160]))
        if Counter(attempt.reason for attempt in attempts)[reason] <= RETRIES[reason]:
            self._waiting.append(number)
            self._board.retried(number, reason, message)
        else:
            self._board.failed(number, reason, message)

    def _again_whole(self, number: int, unlike: Unlike) -> None:
        """Have a job train all seeds of its record, because its own may not join the others."""
        job = self.jobs[number]
        if not set(unlike.seeds) - set(job.seeds):
            self._board.failed(number, "crashed", str(unlike))
            return
        self.jobs[number] = replace(job, seeds=tuple(sorted({*unlike.seeds, *job.seeds})))
        self._waiting.append(number)
        self._board.whole(number, str(unlike))

    def close(self) -> None:
        """End the run: results that still cannot be written count as failed."""
        self._tried = 0.0
        if self._unwritten and not self._written():
            for number, (_, error) in self._unwritten.items():
                self._board.failed(number, "crashed", f"the record cannot be written: {error}")

    def _written(self) -> bool:
        """Retry writing, `AGAIN` seconds after the last attempt; return whether all is written."""
        if time.monotonic() - self._tried < AGAIN:
            return False
        self._tried = time.monotonic()
        for number, (result, _) in list(self._unwritten.items()):
            try:
                self._keep(number, result)
            except FullDisk as error:
                self._unwritten[number] = (result, error)
            else:
                del self._unwritten[number]
        return not self._unwritten

    def _keep(self, number: int, result: Any) -> None:
        """Store a result. Raises `FullDisk`; other errors count as a failure of this job."""
        job = self.jobs[number]
        try:
            line = self._put(job, result, self._attempts[number])
        except OSError as error:
            if error.errno in FULL:
                raise FullDisk(str(error)) from error
            text = f"{job.path} cannot be written: {error.strerror or error}"
            self._board.failed(number, "crashed", text)
        except Unlike as unlike:
            self._again_whole(number, unlike)
        except Exception as error:
            self._board.failed(number, "crashed", problem(error))
        else:
            self._board.finished(number, line)
