"""Runs jobs one after another in this process; Ray is never imported."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from bench import trial
from bench.cells import Job
from bench.dispatch import Dispatcher
from bench.progress import Board


def run(jobs: Sequence[Job], board: Board) -> None:
    """Run every job. One that crashes is reported on the board, and the rest still run.

    One that hangs ends this process; see `bench.watchdog`.
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
                made = trial.run(jobs[number], partial(board.progressed, number))
            except Exception as error:
                dispatcher.lost(number, trial.reason(error), trial.problem(error))
            else:
                dispatcher.made(number, made)
    finally:
        dispatcher.close()
