"""The schema of a record: one JSON file per cell with all its seeds.

Tables, figures and reports are all derived from records.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from bench.experiment.cell import Cell, Contrast, flat
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.problem import Domain
from bench.learner.task import Anchors, Task, area
from bench.records.attempt import Attempt
from bench.records.json_file import Name, Names, Number, Part, Play, Upgraders

SCHEMA_VERSION: Literal[2] = 2
MAX_EVALUATIONS = 50

Status = Literal["ok", "diverged", "collapsed"]
"""Outcomes. A crash, a timeout or an interruption is not an outcome and is never stored as one."""


Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
"""The name of a metric, a phase, a library."""

LABEL_CHARACTERS = r"A-Za-z0-9 ()\[\].,:;+_/@~#-"
"""As in a class of a regular expression."""

Label = Annotated[
    str, StringConstraints(max_length=200, pattern=rf"^[A-Za-z0-9][{LABEL_CHARACTERS}]*$")
]
"""Text of a machine: a processor's name, a version. It begins as a formula in a table cannot."""

CellName = Annotated[str, StringConstraints(max_length=255, pattern=r"^[A-Za-z0-9_+=@~.-]+$")]

Seed = Annotated[int, Field(ge=0, lt=10**6)]


class Evaluation(Part):
    """One evaluation of a curve."""

    step: int = Field(ge=0, description="steps made, in the task's unit; 0 is untrained")
    metrics: dict[Word, Number] = Field(max_length=64)


class SeedResult(Part):
    """The outcome of one seed."""

    seed: Seed
    status: Status
    score: Number = Field(description="mean of the score metric over the task's window; null: none")
    area: Number = Field(description="mean of normalised scores over the curve; null: none")
    last: Number = Field(description="the score metric at the last evaluation")
    best: Number = Field(description="its best value over the curve; for comparison only")
    first_bad_step: int | None = Field(
        default=None,
        ge=0,
        description="first with a loss or gradient that is not finite, in step_unit",
    )
    curve: list[Evaluation] = Field(min_length=1, max_length=MAX_EVALUATIONS)
    attempts: list[Attempt] = Field(default_factory=list, max_length=100)


class Scale(Part):
    """The scores that count as 0 and 1; see `bench.learner.task.Anchors`."""

    low: float
    high: float
    log: bool

    @model_validator(mode="after")
    def _check(self) -> Scale:
        if self.low == self.high:
            raise ValueError("low and high are equal")
        if self.log and min(self.low, self.high) <= 0:
            raise ValueError("what is 0 or less has no logarithm")
        return self


class ScoreInfo(Part):
    """What the score is; copied from the task, so that a record can be read without it."""

    metric: Word
    unit: str
    better: Literal["higher", "lower"]
    window: int = Field(ge=1)
    step_unit: str
    anchors: Scale | None = None

    @classmethod
    def of(cls, task: Task) -> ScoreInfo:
        """Return what a task declares."""
        score, anchors = task.metrics[0], task.anchors
        assert score.better != "neither", f"{task.name} has no score that could be better"
        return cls(
            metric=score.name,
            unit=score.unit,
            better=score.better,
            window=task.window,
            step_unit=task.step_unit,
            anchors=Scale(low=anchors.low, high=anchors.high, log=anchors.log),
        )

    def normalised(self, score: float) -> float:
        """Return the score rescaled to 0 at `low` and 1 at `high`; NaN without anchors."""
        if self.anchors is None:
            return math.nan
        scale = self.anchors
        return Anchors(scale.low, scale.high, source="", log=scale.log).normalised(score)

    def area(self, scores: Sequence[float | None]) -> float | None:
        """Return the area under the normalised curve of these scores; None if any is missing."""
        if self.anchors is None or any(score is None for score in scores):
            return None
        return area([self.normalised(score) for score in scores if score is not None])


class Provenance(Part):
    """The code, data, libraries and hardware by which the numbers were made."""

    suite: Label
    commit: str | None = Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")
    dirty: bool | None
    spec: str = Field(pattern=r"^[0-9a-f]{16}$", description="hash of code, settings and data")
    data: dict[Label, Label] = Field(default={}, description="data and weights: name -> hash")
    versions: dict[Word, Label] = Field(max_length=64)
    environment: Label | None = Field(description="environment id and library")
    device: Label
    cpu: Label
    capability: Label | None = Field(default=None, description="the instructions that torch uses")
    threads: int = Field(ge=1, le=4096)
    dtype: Label
    compiled: bool = Field(default=False, description="whether updates ran as machine code")
    compiler: Label | None = Field(default=None, description="the C++ compiler that was there")


class Artefact(Part):
    """Samples of the first seed after training, as base64 of raw bytes: no pickle is ever read."""

    kind: Literal["images", "points"]
    shape: list[Annotated[int, Field(ge=1, le=10**6)]] = Field(min_length=2, max_length=4)
    dtype: Literal["uint8", "float32"]
    data: str

    @model_validator(mode="after")
    def _check(self) -> Artefact:
        expected = math.prod(self.shape) * (1 if self.dtype == "uint8" else 4)
        if len(base64.b64decode(self.data, validate=True)) != expected:
            raise ValueError("its bytes are not those of its shape")
        return self


class Record(Part):
    """The results of one cell."""

    schema_version: Literal[2] = SCHEMA_VERSION
    protocol_version: str = PROTOCOL_VERSION
    task: Name
    domain: Domain
    base: Literal["bare", "reference"]
    strategy: Names | None
    instead_of: Names | None = Field(
        default=None, description="strategies of the base in whose place `strategy` is"
    )
    contrast: Contrast
    cell: CellName = Field(description="the cell's name within its task")
    updates: int | None = Field(
        default=None, ge=1, description="a custom number instead of the task's"
    )
    play: Play = Field(default="", description="another order of play than the task's")
    settings: dict[str, dict[str, Any]] = Field(description="of every active strategy")
    settings_from: Literal["published", "tuned"] = "published"
    score_info: ScoreInfo
    planned_seeds: list[Seed] = Field(min_length=1)
    seeds: list[SeedResult] = Field(min_length=1)
    seconds: dict[Word, Annotated[float, Field(ge=0)]] = Field(
        max_length=16, description="wall time by phase, all seeds together"
    )
    seconds_seeds: int = Field(ge=1, description="how many seeds those seconds were spent on")
    artefacts: dict[Word, Artefact] = Field(default_factory=dict, max_length=4)
    provenance: Provenance

    @model_validator(mode="after")
    def _check(self) -> Record:
        numbers = [result.seed for result in self.seeds]
        if numbers != sorted(set(numbers)):
            raise ValueError("seeds must be sorted and given once each")
        if self.planned_seeds != sorted(set(self.planned_seeds)):
            raise ValueError("planned_seeds must be sorted and given once each")
        return self

    @property
    def origin(self) -> Cell:
        """The cell of this record."""
        cell = Cell(
            self.task,
            self.base,
            self.strategy,
            self.updates,
            play=self.play,
            instead_of=self.instead_of,
        )
        if self.settings_from == "published":
            return cell
        return replace(cell, variant=self.settings_from, given=flat(self.settings))


def _with_area(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a record of schema 1 with the area of every seed, which it did not have."""
    info = ScoreInfo.model_validate(raw["score_info"])

    def area_of(seed: dict[str, Any]) -> float | None:
        scores = [point["metrics"].get(info.metric) for point in seed["curve"]]
        return None if seed["status"] == "diverged" else info.area(scores)

    seeds = [seed | {"area": area_of(seed)} for seed in raw["seeds"]]
    return raw | {"schema_version": 2, "seeds": seeds}


UPGRADERS: Upgraders = {1: _with_area}
