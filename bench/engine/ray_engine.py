"""Runs jobs through Ray Tune: one trial is one job. Only this file and `ray_search` import Ray.

All state between runs is in records: every run is a new Tuner over the missing jobs, and what Tune
itself stores is deleted. Tune asks for one job after the other. A trial's result is sent to this
process (the driver) in its report, so that only the driver writes records, and workers on other
machines need no shared folder.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

# Set before Ray is imported: no result files of its own, no telemetry, no handling of Ctrl-C (the
# command line does that), every job's device is determined by its resources, and workers run in
# this environment: under `uv run`, Ray would make a new one for each, over the network.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"

import ray
from ray import tune

from bench.engine import fault_injection, first_start, machine, trial
from bench.engine.cluster import Unusable, cause, reach, slots
from bench.engine.dispatch import Dispatcher, Keep, keep_record
from bench.engine.plan import Job, Resources
from bench.engine.progress import Board
from bench.engine.ray_search import Halving, Queue
from bench.engine.tune_results import Stopped
from bench.records.provenance import package_root
from bench.records.search import SearchEvaluation
from bench.scoring import datasets

REPORT_EVERY = 2.0
"""Seconds between two progress reports of a trial: each costs the driver some milliseconds."""


def run(
    jobs: Sequence[Job],
    board: Board,
    *,
    address: str | None = None,
    max_concurrent: int | None = None,
    keep: Keep = keep_record,
) -> None:
    """Run every job on the cluster at `address`, or on a local one started for this run.

    A job without an outcome is reported on the board, and the rest still run. Jobs of searches are
    subject to successive halving, and need a `bench.engine.tune_results.SearchWriter` as `keep`.
    Raises `Unusable`.
    """
    with _cluster(None if address == "local" else address) as logs:
        # Trials run in other working directories, so paths must be absolute.
        absolute = [replace(job, path=job.path.absolute()) for job in jobs]
        dispatcher = Dispatcher(absolute, board, keep)
        try:
            _tune(dispatcher, board, logs, jobs[0].options.resources, max_concurrent)
        finally:
            dispatcher.close()


@contextmanager
def _cluster(address: str | None) -> Iterator[Path]:
    """Connect Ray to the cluster at `address`, or start a local one; yield the folder of its logs.

    Raises `Unusable`.
    """
    if fault_injection.VARIABLE in os.environ:  # trials have other working directories
        folder = os.path.abspath(os.environ[fault_injection.VARIABLE])
        os.environ[fault_injection.VARIABLE] = folder
    if address:
        reach(address)
    else:
        # The daemon of a local cluster is never restarted, so waiting for it is useless.
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "15")
        # Ray would not return before its first workers have started: never, if they cannot.
        os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
    # Workers on other machines must use the same folders of data and faults.
    shared = {datasets.VARIABLE: str(datasets.root())}
    if fault_injection.VARIABLE in os.environ:
        shared[fault_injection.VARIABLE] = os.environ[fault_injection.VARIABLE]
    try:
        # Workers import from the working directory first: nothing but this package is there.
        with chdir(package_root()):
            context: Any = ray.init(
                address=address or "local",
                runtime_env={"env_vars": shared} if address else None,
                logging_level=logging.ERROR,
                log_to_driver=False,
                **({} if address else _of_this_machine()),
            )
    except Exception as error:  # Ray has no one class for these
        what = f"Ray cannot use the cluster at {address}" if address else "Ray cannot be started"
        raise Unusable(f"{what}: {error}; see `python -m bench doctor`") from error
    # Ray has installed a handler that aborts the process; restore ours.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    try:
        yield Path(context.address_info["session_dir"], "logs")
    finally:
        ray.shutdown()


def _of_this_machine() -> dict[str, Any]:
    """Return arguments of `ray.init` for a cluster on this machine alone. Raises `NoFolder`."""
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        # Known to the processes of this run. Ray would write one to ~/.ray, which all can read.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    return {
        "include_dashboard": False,
        "num_cpus": machine.allowed_cpus(),
        "_temp_dir": machine.socket_folder(),
    }


def _tune(
    dispatcher: Dispatcher,
    board: Board,
    logs: Path,
    resources: Resources,
    max_concurrent: int | None,
) -> None:
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = slots(alive, resources)

    def why() -> str:
        return first_start.why_nothing_starts(resources, ray.available_resources(), logs)

    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(min(most, max_concurrent or most) + 1)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="crossover-tune-") as storage,
        # Ray prints a page on every dead worker; the board reports it in a line.
        open(os.devnull, "w") as nowhere,
        redirect_stdout(nowhere),
        first_start.awaited(board.note, why) as started,
    ):
        tune.Tuner(
            tune.with_resources(_trial, {"cpu": resources.cpus, "gpu": resources.gpus}),
            tune_config=tune.TuneConfig(
                search_alg=Queue(dispatcher, max_concurrent),
                scheduler=Halving(dispatcher.jobs),
                metric="share",
                mode="max",
                num_samples=-1,
                reuse_actors=True,
                trial_name_creator=_name,
                trial_dirname_creator=_name,
            ),
            run_config=tune.RunConfig(
                storage_path=storage,
                callbacks=[_ToDispatcher(dispatcher, board, started)],
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),
            ),
        ).fit()


def _name(trial: Any) -> str:
    return f"{trial.config['number']}-{trial.trial_id}"


def _trial(config: dict[str, Any]) -> None:
    """Run a job and report its result; a crash is reported, because Tune prints pages if raised."""
    job: Job = config["job"]
    begin = reported = time.monotonic()
    done, reports = 0.0, list[dict[str, Any]]()

    def updated(share: float) -> None:
        nonlocal reported, done
        done = share
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            tune.report({"share": share})

    def evaluated(step: int, scores: list[float]) -> None:
        report = job.evaluation_report(step, scores, reports)
        if report is not None:
            reports.append(report)
            spent = time.monotonic() - begin
            tune.report({**report, "share": done, "evaluation": len(reports), "spent": spent})

    try:
        result = trial.run(job, updated, evaluated)
    except Exception as error:
        lost = (trial.reason(error), trial.problem(error))
        tune.report({"share": 0.0, "lost": lost})
    else:
        tune.report({"share": 1.0, "result": result})


class _ToDispatcher(tune.Callback):
    """Forwards Tune's callbacks on trials to the dispatcher and the board."""

    def __init__(self, dispatcher: Dispatcher, board: Board, started: Event) -> None:
        self._dispatcher, self._board, self._started = dispatcher, board, started
        self._open: dict[int, float] = {}  # number -> time of its last report
        self._curves: dict[int, list[SearchEvaluation]] = {}  # number -> its evaluations so far
        self._spent: dict[int, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return no state: Tune pickles its parts for restoring, which is not used here."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        self._started.set()
        self._open[number] = time.monotonic()
        self._curves[number] = []
        self._board.started(number)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        number = trial.config["number"]
        self._open[number] = time.monotonic()
        # Taken out, because Tune keeps the last result of every trial in memory.
        outcome, lost = result.pop("result", None), result.pop("lost", None)
        if "scores" in result:
            self._curves[number].append(result["scores"])
            self._spent[number] = result["spent"]
        if outcome is not None:
            self._open.pop(number)
            self._dispatcher.succeeded(number, outcome)
        elif lost is not None:
            self._open.pop(number)
            self._dispatcher.lost(number, *lost)
        else:
            self._board.progressed(number, result["share"])

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Store a candidate that halving stopped: its trial ended without reporting a result."""
        number = trial.config["number"]
        curve, spent = self._curves.pop(number, []), self._spent.pop(number, 0.0)
        if self._open.pop(number, None) is not None and curve:
            self._dispatcher.succeeded(number, Stopped(curve, spent))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Report a job whose worker process has died."""
        number = trial.config["number"]
        reported = self._open.pop(number, time.monotonic())
        stall_timeout = self._dispatcher.jobs[number].stall_timeout
        reason, problem = cause(trial.error_file)
        if time.monotonic() - reported >= stall_timeout:
            reason, problem = "timeout", f"no progress for {stall_timeout:.0f} s; see its log"
        self._dispatcher.lost(number, reason, problem)
