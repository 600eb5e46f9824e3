"""Runs jobs through Ray Tune: one trial is one cell with all its missing seeds.

The only file that imports Ray. Records are the truth, so every run is a fresh Tuner over what is
missing, and whatever Tune itself stores is thrown away.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

# Before Ray is imported: no result files of its own, and its telemetry stays off.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import ray
from ray import tune

from bench import datasets
from bench.cells import Job, problem, run_job, summary
from bench.progress import Board


def run(jobs: Sequence[Job], board: Board) -> None:
    """Run every job on the cluster at RAY_ADDRESS, or on one started for the occasion.

    A job that crashes is reported on the board, and the rest still run. One whose worker dies, as
    for want of memory, is tried once more.
    """
    address = os.environ.get("RAY_ADDRESS")
    # Workers started elsewhere must look for data where this process was told to.
    elsewhere = {"env_vars": {datasets.VARIABLE: str(datasets.root())}} if address else None
    ray.init(
        address=address,
        runtime_env=elsewhere,
        logging_level=logging.ERROR,
        log_to_driver=False,
        include_dashboard=None if address else False,
    )
    # Trials run elsewhere: paths must not depend on a working directory.
    absolute = [replace(job, path=job.path.resolve()) for job in jobs]
    try:
        with tempfile.TemporaryDirectory(prefix="crossover-tune-") as storage:
            tune.Tuner(
                tune.with_resources(tune.with_parameters(_trial, jobs=absolute), {"cpu": 1}),
                param_space={"number": tune.grid_search(list(range(len(jobs))))},
                tune_config=tune.TuneConfig(reuse_actors=True),
                run_config=tune.RunConfig(
                    storage_path=storage,
                    callbacks=[_ToBoard(board)],
                    verbose=0,
                    failure_config=tune.FailureConfig(max_failures=1),
                ),
            ).fit()
    finally:
        ray.shutdown()


def _trial(config: dict[str, int], jobs: list[Job]) -> None:
    """Reports a crash instead of raising it, which Tune would answer with pages of its own."""
    try:
        made = run_job(jobs[config["number"]])
    except Exception as error:
        tune.report({"problem": problem(error)})
    else:
        tune.report({"summary": summary(made)})


class _ToBoard(tune.Callback):
    """Passes what Tune says of trials on to the board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._closed: set[int] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks for a restore that we never make; a board cannot be."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._board.started(trial.config["number"])

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        result = trial.last_result or {}
        problem = result.get("problem", "ended without a result")
        self._close(trial, result.get("summary"), problem)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker itself has died."""
        error = str(trial.get_pickled_error() or "the worker died").strip()
        self._close(trial, None, error.splitlines()[0])

    def _close(self, trial: Any, line: str | None, problem: str) -> None:
        number = trial.config["number"]
        if number in self._closed:
            return
        self._closed.add(number)
        if line is not None:
            self._board.finished(number, line)
        else:
            self._board.failed(number, problem)
