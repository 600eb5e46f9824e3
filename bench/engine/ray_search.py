"""Ray Tune's search algorithm, which hands out jobs, and its scheduler, which stops them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search import Searcher

from bench.engine.dispatch import Dispatcher
from bench.engine.plan import Job
from bench.engine.tune_results import Suggestions
from bench.records.search import FACTOR, GRACE, Search
from bench.records.search_space import Indices, indices_of, value_counts

MOST_EVALUATIONS = 1000
"""More than any task has."""


class Queue(Searcher):
    """The search algorithm that Tune asks for every trial: it suggests the next job."""

    def __init__(self, dispatcher: Dispatcher, most: int | None) -> None:
        super().__init__(metric="share", mode="max")
        self._dispatcher, self._most = dispatcher, most
        self._suggestions = Suggestions(optuna_suggestions)

    def __getstate__(self) -> dict[str, Any]:
        """Return no state: Tune pickles its parts for restoring, which is not used here."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return the next job as a trial's config; None if none can start now."""
        if self._dispatcher.over:
            return Searcher.FINISHED
        if self._most is not None and self._dispatcher.running >= self._most:
            return None
        number = self._dispatcher.next()
        if number is None:
            return None
        job: Any = self._dispatcher.jobs[number]
        if job.open:
            job = self._dispatcher.jobs[number] = self._suggestions.settle(job)
        return {"number": number, "job": job}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Do nothing: the callback handles results."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: nothing is restored from Tune."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: nothing is restored from Tune."""


def optuna_suggestions(known: Search, seed: int) -> Iterator[Indices]:
    """Yield what Ray Tune's Optuna searcher suggests, given all candidates of a search."""
    import optuna
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    axes = {name: tune.choice(list(range(n))) for name, n in value_counts(known.space).items()}
    model = OptunaSearch(axes, metric="objective", mode="max", seed=seed)
    for candidate in known.candidates:
        values = candidate.objectives(known.score_info)
        model.add_evaluated_point(
            indices_of(known.space, candidate.settings),
            values[-1],
            pruned=candidate.status == "stopped",
            intermediate_values=values,
        )
    while (suggested := model.suggest(uuid4().hex)) is not None:
        yield suggested


class Halving(FIFOScheduler):
    """Asynchronous successive halving (Li et al., 2018, arXiv 1810.05934), one for each search.

    After 3, 6, 12, ... evaluations the candidates of a search that are in its lower half so far are
    stopped, except the published settings. Candidates in the search file are compared too; trials
    that gave no outcome are not. Jobs that belong to no search are never stopped.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__()
        self._schedulers: dict[str, ASHAScheduler] = {}
        self._reported: dict[str, dict[str, list[float]]] = {}  # search -> trial -> objectives
        for job in jobs:
            if job.halving_id is not None and job.halving_id not in self._schedulers:
                earlier = {f"before-{n}": values for n, values in job.earlier_objectives().items()}
                self._reported[job.halving_id] = earlier
                self._schedulers[job.halving_id] = self._with_history(earlier)

    def __getstate__(self) -> dict[str, Any]:
        """Return no state: Tune pickles its parts for restoring, which is not used here."""
        return {}

    @staticmethod
    def _with_history(reported: dict[str, list[float]]) -> ASHAScheduler:
        """Return a scheduler to which these objectives have been reported, by trial."""
        scheduler: Any = ASHAScheduler(
            time_attr="evaluation",
            metric="objective",
            mode="max",
            max_t=MOST_EVALUATIONS,
            grace_period=GRACE,
            reduction_factor=FACTOR,
        )
        for name, objectives in reported.items():
            trial = SimpleNamespace(trial_id=name)
            scheduler.on_trial_add(None, trial)
            for number, value in enumerate(objectives, start=1):
                result = {"evaluation": number, "objective": value}
                scheduler.on_trial_result(None, trial, result)
        return scheduler

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Add a new trial to the scheduler of its search."""
        if (search := trial.config["job"].halving_id) is not None:
            self._reported[search][trial.trial_id] = []
            self._schedulers[search].on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Return whether the trial continues after its report, or is stopped."""
        job = trial.config["job"]
        search = job.halving_id
        if search is not None and "lost" in result:
            self._forget(search, trial)
        if search is None or "evaluation" not in result:
            return self.CONTINUE
        self._reported[search][trial.trial_id].append(result["objective"])
        decision = self._schedulers[search].on_trial_result(tune_controller, trial, result)
        return self.CONTINUE if job.number == 0 else decision

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Discard what a trial has reported whose worker died."""
        if (search := trial.config["job"].halving_id) is not None:
            self._forget(search, trial)

    def _forget(self, search: str, trial: Any) -> None:
        self._reported[search].pop(trial.trial_id, None)
        self._schedulers[search] = self._with_history(self._reported[search])
