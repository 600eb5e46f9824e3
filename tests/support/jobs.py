"""Three small cells as jobs, and the board that engines report to."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.engine import trial, writer
from bench.engine.plan import Job, plan_jobs
from bench.engine.progress import Board
from bench.experiment.cell import Cell
from bench.records.paths import submission_folder
from bench.records.record import Record

CELLS = [Cell("dirac", "bare"), Cell("dirac", "bare", "r1"), Cell("bilinear", "bare", "replay")]


def jobs_for(folder: Path, seeds: int = 2) -> list[Job]:
    """One for each cell, as planned where there are no records."""
    return plan_jobs(CELLS, submission_folder(folder, "test"), seeds).jobs


def board_for(jobs: Sequence[Job], width: int = 200) -> tuple[Board, io.StringIO]:
    """A board, and what it says."""
    text = io.StringIO()
    return Board(jobs, Console(file=text, width=width)), text


def run_job(job: Job) -> Record:
    """What an engine does with a job, without an engine."""
    return writer.keep(job, trial.run(job), [])
