"""Runs jobs one after another in this process; Ray is never imported."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from bench.engine import trial
from bench.engine.dispatch import Dispatcher
from bench.engine.plan import Job
from bench.engine.progress import Board


def run(jobs: Sequence[Job], board: Board) -> None:
    """Run every job. One that crashes is reported on the board, and the rest still run.

    One that hangs ends this process; see `bench.engine.watchdog`.
    """
    dispatcher = Dispatcher(jobs, board)
    try:
        while not dispatcher.over:
            number = dispatcher.next()
            if number is None:  # the disk is full
                time.sleep(1.0)
                continue
            board.started(number)
            try:
                result = trial.run(dispatcher.jobs[number], partial(board.progressed, number))
            except Exception as error:
                dispatcher.lost(number, trial.reason(error), trial.problem(error))
            else:
                dispatcher.succeeded(number, result)
    finally:
        dispatcher.close()
