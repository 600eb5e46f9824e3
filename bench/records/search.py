"""The schema of a search: which settings of a cell were tried, and what they scored.

One JSON file beside the records for each cell that was searched. Its seeds are none that a result
uses, so that what is chosen here is judged elsewhere. A *candidate* is one combination of settings;
number 0 is the published ones, which everything else has to beat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.problem import Domain
from bench.records.attempt import Attempt
from bench.records.json_file import Number, Part, rounded
from bench.records.outcomes import outcome, summarise
from bench.records.record import Evaluation, Provenance, ScoreInfo
from bench.records.search_space import Choice, Space, size

FIRST_SEED = 1000
"""Searches train on the seeds from here on; results have seeds below it."""

MOST_CANDIDATES = 100
"""Of one search."""

GRACE, FACTOR = 3, 2
"""Halving compares candidates after 3, 6, 12, ... evaluations: of ten, when curves part."""

WORST = -1e30
"""The objective of what has failed: finite, because schedulers take means."""

Searcher = Literal["random", "optuna"]


class SearchEvaluation(Part):
    """One evaluation of all seeds."""

    step: int = Field(ge=1, description="steps made, in the task's unit")
    scores: list[Number] = Field(min_length=1, description="each seed's score metric; null: failed")

    @classmethod
    def of(cls, step: int, scores: Sequence[float | None]) -> SearchEvaluation:
        """With seven significant digits, as in records."""
        return cls(step=step, scores=[rounded(score) for score in scores])


class Candidate(Part):
    """One combination of settings, and what it gave."""

    number: int = Field(ge=0, lt=MOST_CANDIDATES, description="0: published")
    settings: Choice = Field(description="those that are searched")
    status: Literal["finished", "stopped"] = Field(description="stopped: others were ahead")
    curve: list[SearchEvaluation] = Field(min_length=1, description="without step 0")
    seconds: float = Field(ge=0.0, description="wall time, all seeds together")
    attempts: list[Attempt]

    def scores(self, info: ScoreInfo) -> list[float | None]:
        """Each seed's score, as records have it, None where it failed; of what was finished."""
        start = Evaluation(step=0, metrics={})
        found = []
        for seed in range(len(self.curve[0].scores)):
            points = [start]
            points += [
                Evaluation(step=point.step, metrics={info.metric: point.scores[seed]})
                for point in self.curve
            ]
            status = outcome(points, info, None)
            found.append(summarise(points, info, status)["score"] if status == "ok" else None)
        return found

    def objectives(self, info: ScoreInfo) -> list[float]:
        """The objective at each evaluation: that of the median over seeds."""
        return [objective(info, median(info, point.scores)) for point in self.curve]


class Search(Part):
    """What was tried for one cell."""

    schema_version: Literal[1] = 1
    protocol_version: str = PROTOCOL_VERSION
    task: str
    domain: Domain
    base: Literal["bare", "reference"]
    strategy: str
    updates: int | None = None
    cell: str = Field(description="the cell's name within its task, with published settings")
    score_info: ScoreInfo
    seeds: list[int] = Field(min_length=1)
    budget: int = Field(ge=1, le=MOST_CANDIDATES, description="how many settings are to be tried")
    searcher: Searcher
    halving: bool = Field(description="whether settings that fall behind are stopped")
    space: Space
    candidates: list[Candidate]
    spec: str = Field(pattern=r"^[0-9a-f]{16}$", description="hash of code, space, data and seeds")
    provenance: Provenance | None = Field(description="of the last setting that came to the end")

    @property
    def origin(self) -> Cell:
        """The cell that is searched."""
        return Cell(self.task, self.base, self.strategy, self.updates)

    @property
    def complete(self) -> bool:
        """Whether as many settings as the budget or the space allows have been candidate."""
        return len(self.candidates) == min(self.budget, size(self.origin, self.space))

    @property
    def rules(self) -> dict[str, object]:
        """What all searches of a grid must have in common, so that they are the same chance."""
        return {
            "--budget": self.budget,
            "--seeds": len(self.seeds),
            "--searcher": self.searcher,
            "--halving": self.halving,
        }

    def best(self, first: int = MOST_CANDIDATES) -> Candidate | None:
        """The best of the first so many candidates; None if none of them came to the end.

        By the median score over seeds, where failed seeds rank worst; then by failures; then the
        earlier one, so that nothing is preferred to the published settings without a reason.
        """
        finished = [c for c in self.candidates if c.number < first and c.status == "finished"]

        def rank(candidate: Candidate) -> tuple[float, int, int]:
            scores = candidate.scores(self.score_info)
            value = objective(self.score_info, median(self.score_info, scores))
            return value, -scores.count(None), -candidate.number

        return max(finished, key=rank, default=None)


def median(info: ScoreInfo, scores: Sequence[float | None]) -> float | None:
    """The median over seeds, of which failed ones (None, NaN) rank worst; None if it is one."""
    sign = 1.0 if info.better == "higher" else -1.0
    signed = [
        -math.inf if score is None or not math.isfinite(score) else sign * score for score in scores
    ]
    found = float(np.median(signed))
    return float(f"{sign * found:.7g}") if math.isfinite(found) else None


def objective(info: ScoreInfo, score: float | None) -> float:
    """The score so that more is better, and a failure is worse than everything."""
    if score is None or not math.isfinite(score):
        return WORST
    return score if info.better == "higher" else -score


def rungs(evaluations: int) -> list[int]:
    """After how many of the evaluations candidates are compared; not after the last one."""
    found, rung = [], GRACE
    while rung < evaluations:
        found.append(rung)
        rung *= FACTOR
    return found
