"""Runs jobs one after another in this process; Ray is never imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bench.cells import Job, problem, run_job, summary
from bench.progress import Board


def run(jobs: Sequence[Job], board: Board) -> None:
    """Run every job. One that crashes is reported on the board, and the rest still run."""
    for number, job in enumerate(jobs):
        board.started(number)
        try:
            made = run_job(job, partial(board.progressed, number))
        except Exception as error:
            board.failed(number, problem(error))
        else:
            board.finished(number, summary(made))
