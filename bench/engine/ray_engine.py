"""Runs jobs through Ray Tune: one trial is one job. The only file that imports Ray.

Records are the truth, so every run is a fresh Tuner over what is missing, and whatever Tune itself
stores is thrown away. Tune asks for one job after the other; what a trial makes comes home with its
report, so that only this process writes records, and workers elsewhere need no shared folder.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

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
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search import Searcher

from bench.engine import fault_injection, trial, tune_results
from bench.engine.cluster import Unusable, cause, reach, slots
from bench.engine.dispatch import Dispatcher, Keep, keep_record
from bench.engine.plan import Job
from bench.engine.progress import Board
from bench.engine.tune_plan import Try
from bench.engine.tune_results import Places, Proposals, Stopped
from bench.records.search import FACTOR, GRACE, Point, Search, median, merit
from bench.scoring import datasets

TELL = 2.0
"""Seconds between two reports of a trial: each takes the driver some milliseconds."""

MOST_EVALUATIONS = 1000
"""More than any task has."""


def run(
    jobs: Sequence[Job],
    board: Board,
    *,
    address: str | None = None,
    max_concurrent: int | None = None,
    keep: Keep = keep_record,
) -> None:
    """Run every job on the cluster at `address`, or on one started for the occasion.

    A job that gives no outcome is reported on the board, and the rest still run. Jobs that are
    tries of searches compete, and want a `bench.engine.tune_results.Keeper`. Raises `Unusable`.
    """
    if fault_injection.VARIABLE in os.environ:  # trials have folders of their own
        os.environ[fault_injection.VARIABLE] = os.path.abspath(os.environ[fault_injection.VARIABLE])
    if address == "local":  # in Ray's words
        address = None
    if address:
        reach(address)
    else:
        # The daemon of a cluster that is ours alone will not come back.
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "15")
    # Workers started elsewhere must look for data and faults where this process was told to.
    told = {datasets.VARIABLE: str(datasets.root())}
    told |= {name: os.environ[name] for name in (fault_injection.VARIABLE,) if name in os.environ}
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
    dispatcher = Dispatcher(absolute, board, keep)
    try:
        resources = jobs[0].terms.resources
        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        most = slots(alive, resources)
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(min(most, max_concurrent or most) + 1)
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
                    scheduler=_Halving(dispatcher.jobs),
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


def _name(trial: Any) -> str:
    return f"{trial.config['number']}-{trial.trial_id}"


def _trial(config: dict[str, Any]) -> None:
    """Reports a crash instead of raising it, which Tune would answer with pages of its own."""
    job = config["job"]
    begin = heard = time.monotonic()
    done, evaluations = 0.0, 0

    def tell(share: float) -> None:
        nonlocal heard, done
        done = share
        if time.monotonic() - heard > TELL:
            heard = time.monotonic()
            tune.report({"share": share})

    def judged(step: int, scores: list[float]) -> None:
        """What was learned between the first evaluation and the last; the outcome says the rest."""
        nonlocal evaluations
        if not 0 < step < job.steps:
            return
        evaluations += 1
        info = job.search.score_info
        found = {"evaluation": evaluations, "merit": merit(info, median(info, scores))}
        spent = time.monotonic() - begin
        tune.report({"share": done, **found, "point": Point.of(step, scores), "spent": spent})

    hears = (tell, judged) if isinstance(job, Try) else (tell,)
    try:
        made = trial.run(job, *hears)
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
        self._proposals = Proposals(_optuna)

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
        if number is None:
            return None
        job = self._dispatcher.jobs[number]
        if isinstance(job, Try) and job.open:
            job = self._dispatcher.jobs[number] = self._proposals.settle(job)
        return {"number": number, "job": job}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """What matters is told to the callback."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing is restored from Tune."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is restored from Tune."""


def _optuna(known: Search, seed: int) -> Iterator[Places]:
    """What Ray Tune's Optuna searcher proposes after all that is known of a search."""
    import optuna
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    axes = {name: tune.choice(list(range(n))) for name, n in tune_results.axes(known.space).items()}
    model = OptunaSearch(axes, metric="merit", mode="max", seed=seed)
    for tried in known.tries:
        spot, merits = (
            tune_results.places(known.space, tried.settings),
            tried.merits(known.score_info),
        )
        if spot is not None:
            stopped = tried.status == "stopped"
            model.add_evaluated_point(spot, merits[-1], pruned=stopped, intermediate_values=merits)
    while (proposed := model.suggest(uuid4().hex)) is not None:
        yield proposed


class _Halving(FIFOScheduler):
    """Asynchronous successive halving (Li et al., 2018, arXiv 1810.05934), one for each search.

    After 3, 6, 12, ... evaluations the settings of a search that are in its lower half so far are
    stopped, the published ones excepted. What a search file holds already takes part; what was lost
    does not. Jobs that belong to no search run to their end.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__()
        self._of: dict[str, ASHAScheduler] = {}
        self._heard: dict[str, dict[str, list[float]]] = {}  # contest -> trial -> merits
        for job in jobs:
            if isinstance(job, Try) and job.search.halving and job.contest not in self._of:
                info, tries = job.search.score_info, job.search.tries
                before = {f"before-{tried.number}": tried.merits(info) for tried in tries}
                self._heard[job.contest] = before
                self._of[job.contest] = self._begun(before)

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for a restore that we never make."""
        return {}

    @staticmethod
    def _begun(heard: dict[str, list[float]]) -> ASHAScheduler:
        """A scheduler that has heard this."""
        one: Any = ASHAScheduler(
            time_attr="evaluation",
            metric="merit",
            mode="max",
            max_t=MOST_EVALUATIONS,
            grace_period=GRACE,
            reduction_factor=FACTOR,
        )
        for name, merits in heard.items():
            trial = SimpleNamespace(trial_id=name)
            one.on_trial_add(None, trial)
            for number, value in enumerate(merits, start=1):
                one.on_trial_result(None, trial, {"evaluation": number, "merit": value})
        return one

    @staticmethod
    def _contest(trial: Any) -> str | None:
        job = trial.config["job"]
        return job.contest if isinstance(job, Try) and job.search.halving else None

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        if (contest := self._contest(trial)) is not None:
            self._heard[contest][trial.trial_id] = []
            self._of[contest].on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        contest = self._contest(trial)
        if contest is not None and "lost" in result:
            self._forget(contest, trial)
        if contest is None or "evaluation" not in result:
            return self.CONTINUE
        self._heard[contest][trial.trial_id].append(result["merit"])
        said = self._of[contest].on_trial_result(tune_controller, trial, result)
        return self.CONTINUE if trial.config["job"].number == 0 else said

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        if (contest := self._contest(trial)) is not None:
            self._forget(contest, trial)

    def _forget(self, contest: str, trial: Any) -> None:
        self._heard[contest].pop(trial.trial_id, None)
        self._of[contest] = self._begun(self._heard[contest])


class _ToDispatcher(tune.Callback):
    """Passes on what Tune says of trials."""

    def __init__(self, dispatcher: Dispatcher, board: Board) -> None:
        self._dispatcher, self._board = dispatcher, board
        self._open: dict[int, float] = {}  # number -> when it was last heard of
        self._points: dict[int, list[Point]] = {}  # number -> its evaluations so far
        self._spent: dict[int, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for a restore that we never make."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        self._open[number] = time.monotonic()
        self._points[number] = []
        self._board.started(number)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        number = trial.config["number"]
        self._open[number] = time.monotonic()
        # Taken out, because Tune keeps the last result of every trial in memory.
        made, lost = result.pop("made", None), result.pop("lost", None)
        if "point" in result:
            self._points[number].append(result["point"])
            self._spent[number] = result["spent"]
        if made is not None:
            self._open.pop(number)
            self._dispatcher.made(number, made)
        elif lost is not None:
            self._open.pop(number)
            self._dispatcher.lost(number, *lost)
        else:
            self._board.progressed(number, result["share"])

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Settings without an outcome were stopped."""
        number = trial.config["number"]
        points, spent = self._points.pop(number, []), self._spent.pop(number, 0.0)
        if self._open.pop(number, None) is not None and points:
            self._dispatcher.made(number, Stopped(points, spent))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker itself has died."""
        number = trial.config["number"]
        heard = self._open.pop(number, time.monotonic())
        patience = self._dispatcher.jobs[number].patience
        reason, problem = cause(trial.error_file)
        if time.monotonic() - heard >= patience:
            reason, problem = "timeout", f"has not moved for {patience:.0f} s; see its log"
        self._dispatcher.lost(number, reason, problem)
