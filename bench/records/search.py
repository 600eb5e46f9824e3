"""The schema of a search: which settings of a cell were tried, and their scores.

One JSON file beside the records for each cell that was searched. Its seeds are never those of
results, so that settings are not reported on the seeds they were chosen on. A *candidate* is one
combination of settings; number 0 has the published ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.problem import Domain
from bench.records.attempt import Attempt
from bench.records.json_file import Name, Names, Number, Part, Play, rounded
from bench.records.outcomes import outcome, summarise
from bench.records.record import CellName, Evaluation, Provenance, ScoreInfo
from bench.records.search_space import Choice, Space, size

FIRST_SEED = 1000
"""Searches train on the seeds from this one on; results have smaller ones."""

MOST_CANDIDATES = 100
"""How many candidates one search may have."""

GRACE, FACTOR = 3, 2
"""Successive halving compares candidates after 3, 6, 12, ... evaluations. Of ten evaluations, these
are where curves begin to differ."""

WORST = -1e30
"""The objective of a failed candidate: finite, because Ray's schedulers compute means."""

Searcher = Literal["random", "optuna"]


class SearchEvaluation(Part):
    """One evaluation of all seeds."""

    step: int = Field(ge=1, description="steps made, in the task's unit")
    scores: list[Number] = Field(min_length=1, description="each seed's score metric; null: failed")

    @classmethod
    def of(cls, step: int, scores: Sequence[float | None]) -> SearchEvaluation:
        """Return an evaluation with scores of seven significant digits, as in records."""
        return cls(step=step, scores=[rounded(score) for score in scores])


class Candidate(Part):
    """One combination of settings, and its scores."""

    number: int = Field(ge=0, lt=MOST_CANDIDATES, description="0: published")
    settings: Choice = Field(description="of those that are searched")
    status: Literal["finished", "stopped"] = Field(description="stopped: by halving")
    curve: list[SearchEvaluation] = Field(min_length=1, description="without step 0")
    seconds: float = Field(ge=0.0, description="wall time, all seeds together")
    attempts: list[Attempt]

    @model_validator(mode="after")
    def _check(self) -> Candidate:
        if len({len(point.scores) for point in self.curve}) > 1:
            raise ValueError("its evaluations have different numbers of seeds")
        return self

    def scores(self, info: ScoreInfo) -> list[float | None]:
        """Return each seed's score, computed as in records from the curve so far; None: failed."""
        found = []
        for points in _by_seed(info, self.curve):
            status = outcome(points, info, None)
            found.append(summarise(points, info, status)["score"] if status == "ok" else None)
        return found

    def objectives(self, info: ScoreInfo) -> list[float]:
        """Return the objective at each evaluation."""
        return objectives(info, self.curve)


class Search(Part):
    """The candidates of one cell, and the rules by which they were tried."""

    schema_version: Literal[1] = 1
    protocol_version: str = PROTOCOL_VERSION
    task: Name
    domain: Domain
    base: Literal["bare", "reference"]
    strategy: Names | None = Field(description="None: the base itself")
    instead_of: Names | None = None
    updates: int | None = None
    play: Play = ""
    cell: CellName = Field(description="the cell's name within its task, with published settings")
    score_info: ScoreInfo
    seeds: list[int] = Field(min_length=1)
    budget: int = Field(ge=1, le=MOST_CANDIDATES, description="how many candidates to try")
    searcher: Searcher
    halving: bool = Field(description="whether candidates that fall behind are stopped")
    space: Space
    candidates: list[Candidate]
    spec: str = Field(pattern=r"^[0-9a-f]{16}$", description="hash of code, space, data and seeds")
    provenance: Provenance | None = Field(description="of the last finished candidate")

    @property
    def origin(self) -> Cell:
        """The cell that is searched, with published settings."""
        return Cell(
            self.task,
            self.base,
            self.strategy,
            self.updates,
            play=self.play,
            instead_of=self.instead_of,
        )

    @property
    def complete(self) -> bool:
        """Whether as many candidates have been tried as the budget and the space allow."""
        return len(self.candidates) == min(self.budget, size(self.space))

    @property
    def rules(self) -> dict[str, object]:
        """Option -> value: what all searches of a submission must share, for a fair comparison."""
        return {
            "--budget": self.budget,
            "--seeds": len(self.seeds),
            "--searcher": self.searcher,
            "--halving": self.halving,
        }

    def best(self, first: int = MOST_CANDIDATES) -> Candidate | None:
        """Return the best finished candidate with a number below `first`, or None.

        By the median score over seeds, where failed seeds rank worst; then by fewer failed seeds;
        then by the lower number, so that the published settings win all ties.
        """
        finished = [c for c in self.candidates if c.number < first and c.status == "finished"]

        def rank(candidate: Candidate) -> tuple[float, int, int]:
            scores = candidate.scores(self.score_info)
            value = objective(self.score_info, median(self.score_info, scores))
            return value, -scores.count(None), -candidate.number

        return max(finished, key=rank, default=None)


def median(info: ScoreInfo, scores: Sequence[float | None]) -> float | None:
    """Return the median score over seeds; failed ones (None, NaN) rank worst.

    None if the median itself is a failed one. Rounded to seven significant digits.
    """
    sign = 1.0 if info.better == "higher" else -1.0
    signed = [
        -math.inf if score is None or not math.isfinite(score) else sign * score for score in scores
    ]
    found = float(np.median(signed))
    return float(f"{sign * found:.7g}") if math.isfinite(found) else None


def objective(info: ScoreInfo, score: float | None) -> float:
    """Return the score with a sign so that higher is better; `WORST` for a failure."""
    if score is None or not math.isfinite(score):
        return WORST
    return score if info.better == "higher" else -score


def objectives(info: ScoreInfo, curve: Sequence[SearchEvaluation]) -> list[float]:
    """Return the objective at each evaluation, by which halving compares: of the score so far.

    The mean over a window, not one evaluation, which is noise where it is of a few episodes. It is
    no failure yet to have fallen: a collapse is told at the end.
    """
    found = []
    for end in range(1, len(curve) + 1):
        seeds = _by_seed(info, curve[:end])
        scores = [summarise(points[1:], info, "ok")["score"] for points in seeds]
        found.append(objective(info, median(info, scores)))
    return found


def _by_seed(info: ScoreInfo, curve: Sequence[SearchEvaluation]) -> list[list[Evaluation]]:
    """Return each seed's curve as in a record, with a step 0 without a score."""
    start = Evaluation(step=0, metrics={})
    return [
        [start, *(Evaluation(step=p.step, metrics={info.metric: p.scores[seed]}) for p in curve)]
        for seed in range(len(curve[0].scores))
    ]


def rungs(evaluations: int) -> list[int]:
    """Return the numbers of evaluations after which halving compares, without the last one."""
    found, rung = [], GRACE
    while rung < evaluations:
        found.append(rung)
        rung *= FACTOR
    return found
