"""Chooses the settings of candidates, and stores their results in search files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar, Literal

from bench.engine.fault_injection import Faults
from bench.engine.trial import TrialResult
from bench.engine.tune_plan import SearchJob
from bench.records import search_store
from bench.records.attempt import Attempt
from bench.records.json_file import CorruptRecord
from bench.records.search import Candidate, Search, SearchEvaluation, median
from bench.records.search_space import Choice, Indices, choice_at, choice_text, draws, searched

SUGGESTIONS = 20
"""How many suggestions of a model are considered before the next of `draws` is taken."""


@dataclass(frozen=True)
class Stopped:
    """The result of a trial that successive halving has stopped."""

    curve: list[SearchEvaluation]
    seconds: float

    status: ClassVar[Literal["stopped"]] = "stopped"
    provenance: ClassVar[None] = None  # known of what came to the end


class SearchWriter:
    """Adds the results of trials to their searches; the only writer of search files in a run."""

    def __init__(self) -> None:
        self._now: dict[Path, Search] = {}  # as last written by this process

    def __call__(
        self, job: SearchJob, result: TrialResult | Stopped, attempts: list[Attempt]
    ) -> str:
        """Add the result of the job's candidate; return a line about it. Raises `OSError`."""
        now = self._now.get(job.path, job.search)
        candidate = _candidate(job, result, attempts)
        others = [other for other in now.candidates if other.number != candidate.number]
        candidates = sorted([*others, candidate], key=lambda one: one.number)
        now = now.model_copy(update={"candidates": candidates})
        if result.provenance is not None:
            origin = result.provenance.model_copy(update={"spec": now.spec})
            now = now.model_copy(update={"provenance": origin})
        faults = Faults(job.label)
        faults.writing()
        search_store.write(job.path, now)
        faults.written(job.path)
        self._now[job.path] = now
        return _line(job, candidate)


class Suggestions:
    """Chooses the settings of open jobs, by a model of the candidates tried so far.

    `model(search, seed)` yields suggestions. It is called again for every job with the search as it
    is stored then, so that an interrupted run and an uninterrupted one know the same.
    """

    def __init__(self, model: Callable[[Search, int], Iterator[Indices]]) -> None:
        self._model = model
        self._handed: dict[str, list[Choice]] = defaultdict(list)

    def settle(self, job: SearchJob) -> SearchJob:
        """Return the job with settings that no candidate has and no other job was given."""
        known, published = _current(job), job.cell.published
        taken = self._handed[job.search_id]
        taken.append(searched(published.settings(), known.space))
        taken += [candidate.settings for candidate in known.candidates]
        seed = int(known.spec, 16) % 2**31 + job.number
        suggested = islice(self._model(known, seed), SUGGESTIONS)
        ways = (choice_at(known.space, indices) for indices in suggested)
        # If the model only repeats itself, those nearest the published ones.
        every = chain(ways, draws(published, known.space))
        chosen = next(settings for settings in every if settings not in taken)
        taken.append(chosen)
        return job.settled(chosen)


def _current(job: SearchJob) -> Search:
    """Return the job's search as it is stored now, or as it was planned."""
    try:
        return search_store.valid(job.path, job.search.spec) or job.search
    except CorruptRecord:
        return job.search


def _candidate(job: SearchJob, result: TrialResult | Stopped, attempts: list[Attempt]) -> Candidate:
    return Candidate(
        number=job.number,
        settings=searched(job.cell.settings(), job.search.space),
        status=result.status,
        curve=result.curve,
        seconds=round(result.seconds, 3),
        attempts=[attempt.model_copy(update={"message": ""}) for attempt in attempts],
    )


def _line(job: SearchJob, candidate: Candidate) -> str:
    what = f"{job.label} ({choice_text(candidate.settings)})"
    info = job.search.score_info
    if candidate.status == "stopped":
        return f"{what}: stopped at step {candidate.curve[-1].step}, others are ahead"
    score = median(info, candidate.scores(info))
    result_text = "failed" if score is None else f"{info.metric} {score:.4g}"
    return f"{what}: {result_text} (median of {len(job.seeds)}), {candidate.seconds:.0f} s"
