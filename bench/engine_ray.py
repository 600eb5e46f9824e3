"""Runs jobs through Ray Tune: one trial is one job. The only file that imports Ray.

Records are the truth, so every run is a fresh Tuner over what is missing, and whatever Tune itself
stores is thrown away. Tune asks for one job after the other; what a trial makes comes home with its
report, so that only this process writes records, and workers elsewhere need no shared folder.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

# Before Ray is imported: no result files of its own, no telemetry, no handling of Ctrl-C, which is
# the command line's, and every job's device is taken from its resources.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import ray
from ray import tune
from ray.tune.search import Searcher

from bench import datasets, faults, trial
from bench.cells import Job, Resources
from bench.dispatch import Dispatcher
from bench.progress import Board
from bench.record import Reason

TELL = 2.0
"""Seconds between two reports of a trial: each takes the driver some milliseconds."""


REACH = 20.0
"""Seconds that a cluster has to answer."""


class Unusable(ValueError):
    """The cluster cannot be reached, or none of its machines is large enough for a cell."""


def run(
    jobs: Sequence[Job],
    board: Board,
    *,
    address: str | None = None,
    max_concurrent: int | None = None,
) -> None:
    """Run every job on the cluster at `address`, or on one started for the occasion.

    A job that gives no outcome is reported on the board, and the rest still run. Raises `Unusable`.
    """
    if faults.VARIABLE in os.environ:  # trials have folders of their own
        os.environ[faults.VARIABLE] = os.path.abspath(os.environ[faults.VARIABLE])
    if address == "local":  # in Ray's words
        address = None
    if address:
        reach(address)
    else:
        # The daemon of a cluster that is ours alone will not come back.
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "15")
    # Workers started elsewhere must look for data and faults where this process was told to.
    told = {datasets.VARIABLE: str(datasets.root())}
    told |= {name: os.environ[name] for name in (faults.VARIABLE,) if name in os.environ}
    try:
        ray.init(
            address=address or "local",
            runtime_env={"env_vars": told} if address else None,
            logging_level=logging.ERROR,
            log_to_driver=False,
            include_dashboard=None if address else False,
        )
    except Exception as error:  # Ray has no class for it
        what = f"Ray cannot use the cluster at {address}" if address else "Ray cannot be started"
        raise Unusable(f"{what}: {error}; see `python -m bench doctor`") from error
    # Ray has put its own in place, which aborts.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    # Trials run elsewhere: paths must not depend on a working directory.
    absolute = [replace(job, path=job.path.resolve()) for job in jobs]
    dispatcher = Dispatcher(absolute, board)
    try:
        resources = jobs[0].terms.resources
        slots = _slots(resources)
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(min(slots, max_concurrent or slots) + 1)
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
        with (
            tempfile.TemporaryDirectory(prefix="crossover-tune-") as storage,
            # Ray prints a page on every dead worker; the board says it in a line.
            open(os.devnull, "w") as nowhere,
            redirect_stdout(nowhere),
        ):
            tune.Tuner(
                tune.with_resources(_trial, {"cpu": resources.cpus, "gpu": resources.gpus}),
                tune_config=tune.TuneConfig(
                    search_alg=_Queue(dispatcher, max_concurrent),
                    metric="share",
                    mode="max",
                    num_samples=-1,
                    reuse_actors=True,
                    trial_name_creator=_name,
                    trial_dirname_creator=_name,
                ),
                run_config=tune.RunConfig(
                    storage_path=storage,
                    callbacks=[_ToDispatcher(dispatcher, board)],
                    verbose=0,
                    failure_config=tune.FailureConfig(max_failures=0),
                ),
            ).fit()
    finally:
        dispatcher.close()
        ray.shutdown()


def reach(address: str) -> None:
    """Ask the cluster whether it is well, because Ray's own attempts take minutes and pages.

    Raises `Unusable`.
    """
    if address.startswith("ray://"):
        raise Unusable(f"{address} is for Ray's client; run this on a machine of the cluster")
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    command += ["health-check", *(() if address == "auto" else ("--address", address))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=REACH, check=False)
    except subprocess.TimeoutExpired:
        raise Unusable(
            f"no Ray cluster answers at {address}; start one (`ray start --head`), or leave out "
            f"--address and RAY_ADDRESS"
        ) from None
    if done.returncode and "token" in done.stderr.lower():
        raise Unusable(
            f"the Ray cluster at {address} does not know this machine's token: set "
            f"RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, or copy ~/.ray/auth_token from its head"
        )
    if done.returncode:
        raise Unusable(f"the Ray cluster at {address} is not well; see `ray health-check`")


def _slots(resources: Resources) -> int:
    """How many cells the cluster can run at a time. Raises `Unusable` if it can run none."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    slots = 0
    for node in nodes:
        fit = node.get("CPU", 0) // resources.cpus
        if resources.gpus:
            fit = min(fit, node.get("GPU", 0) // resources.gpus)
        slots += int(fit)
    if not any(node.get("CPU", 0) for node in nodes):
        return 1  # a head alone, whose workers come when they are asked for
    if not slots:
        most = max((node.get("CPU", 0), node.get("GPU", 0)) for node in nodes)
        raise Unusable(
            f"a cell asks for {resources.cpus} CPUs and {resources.gpus:g} GPUs, but the largest "
            f"machine has {most[0]:g} and {most[1]:g}; lower --cpus-per-cell or --gpus-per-cell"
        )
    return slots


def _name(trial: Any) -> str:
    return f"{trial.config['number']}-{trial.trial_id}"


def _trial(config: dict[str, Any]) -> None:
    """Reports a crash instead of raising it, which Tune would answer with pages of its own."""
    heard = time.monotonic()

    def tell(share: float) -> None:
        nonlocal heard
        if time.monotonic() - heard > TELL:
            heard = time.monotonic()
            tune.report({"share": share})

    try:
        made = trial.run(config["job"], tell)
    except Exception as error:
        lost = (trial.reason(error), trial.problem(error))
        tune.report({"share": 0.0, "lost": lost})
    else:
        tune.report({"share": 1.0, "made": made})


class _Queue(Searcher):
    """Tune asks its search algorithm for every trial: here, for the next job."""

    def __init__(self, dispatcher: Dispatcher, most: int | None) -> None:
        super().__init__(metric="share", mode="max")
        self._dispatcher, self._most = dispatcher, most

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for a restore that we never make."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """The next job; None for none now."""
        if self._dispatcher.over:
            return Searcher.FINISHED
        if self._most is not None and self._dispatcher.running >= self._most:
            return None
        number = self._dispatcher.next()
        return None if number is None else {"number": number, "job": self._dispatcher.jobs[number]}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """What matters is told to the callback."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing is restored from Tune."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is restored from Tune."""


class _ToDispatcher(tune.Callback):
    """Passes on what Tune says of trials."""

    def __init__(self, dispatcher: Dispatcher, board: Board) -> None:
        self._dispatcher, self._board = dispatcher, board
        self._open: dict[int, float] = {}  # number -> when it was last heard of

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for a restore that we never make."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        self._open[number] = time.monotonic()
        self._board.started(number)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        number = trial.config["number"]
        self._open[number] = time.monotonic()
        # Taken out, because Tune keeps the last result of every trial in memory.
        made, lost = result.pop("made", None), result.pop("lost", None)
        if made is not None:
            self._open.pop(number)
            self._dispatcher.made(number, made)
        elif lost is not None:
            self._open.pop(number)
            self._dispatcher.lost(number, *lost)
        else:
            self._board.progressed(number, result["share"])

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker itself has died."""
        number = trial.config["number"]
        heard = self._open.pop(number, time.monotonic())
        silent = time.monotonic() - heard >= self._dispatcher.jobs[number].patience
        reason, problem = _cause(trial)
        self._dispatcher.lost(number, "timeout" if silent else reason, problem)


def _cause(trial: Any) -> tuple[Reason, str]:
    """Why a worker is gone, from the file in which Tune has noted Ray's words."""
    try:
        text = Path(trial.error_file).read_text(encoding="utf-8")
    except (OSError, TypeError):
        text = ""
    if "low on memory" in text or "OutOfMemory" in text:
        return "oom", "killed by Ray, because the machine ran out of memory"
    if any(words in text for words in ("is unavailable", "node has died", "node died")):
        return "interrupted", "the machine it ran on is gone, or cannot be reached"
    return "crashed", "its process was killed, or died in a library; see its log"
