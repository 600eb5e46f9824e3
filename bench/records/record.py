"""Records: one JSON file per cell with all its seeds. Records are the truth; all else is derived.

A record lives at results/<protocol>/<submission>/<task>/<cell>.json and is written atomically, so
that a reader sees the old one or the new one, never half of either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bench.experiment.grid import PROTOCOL_VERSION, Cell, Contrast, first_problem, flat
from bench.learner.problem import Domain
from bench.learner.task import Anchors, Task
from bench.records.files import write_atomically

SCHEMA_VERSION: Literal[1] = 1
MAX_BYTES = 64 * 1024
MAX_POINTS = 50
SEARCH = ".search.json"
"""Files of this name beside records are searches: `bench.records.search`."""
RESERVE = 4 * 1024
"""Bytes of a record besides its seeds and samples."""

UPGRADERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Pure functions from a record of one schema version to the next one."""

Status = Literal["ok", "diverged", "collapsed"]
"""Outcomes. A crash, a timeout or an interruption is none, and never becomes a record."""


def _finite(value: Any) -> Any:
    """JSON has no NaN: a number that is not finite is stored as null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]


class Part(BaseModel):
    """What records are made of: unknown fields and numbers that are not finite are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Reason = Literal["oom", "crashed", "timeout", "interrupted"]
"""Why a try gave no outcome: out of memory, an exception or a dead process, too long, stopped."""


class Attempt(Part):
    """One try at running some seeds that gave no outcome, and why."""

    reason: Reason
    message: str = ""


class Point(Part):
    """One evaluation on the way."""

    step: int = Field(ge=0, description="steps made, in the task's unit; 0 is untrained")
    metrics: dict[str, Number]


class SeedResult(Part):
    """The outcome of one seed."""

    seed: int = Field(ge=0)
    status: Status
    score: Number = Field(description="mean of the score metric over the task's window; null: none")
    last: Number = Field(description="the score metric at the last evaluation")
    best: Number = Field(description="its best value over the curve; for comparison only")
    first_bad_step: int | None = Field(
        default=None, description="first with a loss or gradient that is not finite, in step_unit"
    )
    curve: list[Point] = Field(min_length=1, max_length=MAX_POINTS)
    attempts: list[Attempt] = []


class Scale(Part):
    """The scores that count as 0 and 1; see `bench.learner.task.Anchors`."""

    low: float
    high: float
    log: bool


class ScoreInfo(Part):
    """What the score is; a copy of the task's declaration, so that a record reads alone."""

    metric: str
    unit: str
    better: Literal["higher", "lower"]
    window: int = Field(ge=1)
    step_unit: str
    anchors: Scale | None = None

    @classmethod
    def of(cls, task: Task) -> ScoreInfo:
        """What a task declares."""
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
        """The score between the anchors, 0 for `low` and 1 for `high`; NaN without anchors."""
        if self.anchors is None:
            return math.nan
        scale = self.anchors
        return Anchors(scale.low, scale.high, source="", log=scale.log).normalised(score)


class Provenance(Part):
    """Where the numbers come from."""

    suite: str
    commit: str | None
    dirty: bool | None
    spec: str = Field(pattern=r"^[0-9a-f]{16}$", description="hash of code, settings and data")
    data: dict[str, str] = Field(default={}, description="data and weights: name -> hash")
    versions: dict[str, str]
    environment: str | None = Field(description="environment id and backend")
    device: str
    cpu: str
    threads: int
    dtype: str
    compiled: bool = Field(default=False, description="whether updates ran as machine code")


class Artefact(Part):
    """Samples of the first seed at the end, as base64 of raw bytes: no pickle is ever read."""

    kind: Literal["images", "points"]
    shape: list[int]
    dtype: Literal["uint8", "float32"]
    data: str


class Record(Part):
    """One cell."""

    schema_version: Literal[1] = SCHEMA_VERSION
    protocol_version: str = PROTOCOL_VERSION
    task: str
    domain: Domain
    base: Literal["bare", "reference"]
    strategy: str | None
    contrast: Contrast
    cell: str = Field(description="the cell's name within its task")
    updates: int | None = Field(
        default=None, ge=1, description="a trial's budget instead of the task's"
    )
    settings: dict[str, dict[str, Any]] = Field(description="every strategy in force")
    settings_from: Literal["published", "tuned"] = "published"
    score_info: ScoreInfo
    planned_seeds: list[int] = Field(min_length=1)
    seeds: list[SeedResult] = Field(min_length=1)
    seconds: dict[str, float] = Field(description="wall time by phase, all seeds together")
    seconds_seeds: int = Field(ge=1, description="how many seeds those seconds were spent on")
    artefacts: dict[str, Artefact] = {}
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
        """The cell that this is a record of."""
        cell = Cell(self.task, self.base, self.strategy, self.updates)
        if self.settings_from == "published":
            return cell
        return replace(cell, variant=self.settings_from, given=flat(self.settings))


class CorruptRecord(ValueError):
    """A file that is no valid record; the message names the file and the first problem."""


class UnreadableRecord(CorruptRecord):
    """A file that cannot be read now; what is in it may be good."""


def summarise(points: list[Point], info: ScoreInfo, status: Status) -> dict[str, Number]:
    """`score`, `last` and `best` of a curve, all None for a run without a finite score.

    `score` is the mean over the last `window` points, and None if the run diverged or any of them
    is not finite.
    """
    values = [point.metrics.get(info.metric) for point in points]
    finite = [value for value in values if value is not None]
    choose = max if info.better == "higher" else min
    window = values[-info.window :]
    scored = status != "diverged" and all(value is not None for value in window)
    return {
        "score": math.fsum(v for v in window if v is not None) / len(window) if scored else None,
        "last": values[-1] if status != "diverged" else None,
        "best": choose(finite) if finite else None,
    }


def outcome(points: list[Point], info: ScoreInfo, bad_step: int | None) -> Status:
    """How a run ended, from its curve and its first step with a number that is not finite.

    "diverged": a loss, a gradient or the last score is not finite. "collapsed": it had once come
    half the way from the task's low anchor to the high one, and ended within a tenth of the low
    one or below. Everything else is "ok", however poor the score.
    """
    if bad_step is not None or points[-1].metrics.get(info.metric) is None:
        return "diverged"
    score = summarise(points, info, "ok")["score"]
    if score is None:
        return "diverged"
    # What it was born with, at step 0, it has not come to.
    learned = summarise(points[1:], info, "ok")["best"] if len(points) > 1 else None
    lost = learned is not None and info.normalised(learned) >= 0.5
    return "collapsed" if lost and info.normalised(score) <= 0.1 else "ok"


def record_path(folder: Path, cell: Cell) -> Path:
    """Where a cell's record lies below a submission's folder."""
    return folder / cell.task / f"{cell.name}.json"


def beside(path: Path, what: str, suffix: str) -> Path:
    """Where what belongs to a record lies, but is none: in results/WHAT/, which git ignores.

    results/1/a/b/c.json -> results/actors/1/a/b/c.npz
    """
    results = path.parents[3]
    return results / what / path.relative_to(results).with_suffix(suffix)


def read(path: Path) -> Record:
    """The record in a file. Raises `CorruptRecord`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorruptRecord(f"{path}: larger than {MAX_BYTES // 1024} kB")
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text, parse_constant=_finite_number, parse_float=_finite_number)
        if not isinstance(raw, dict):
            raise CorruptRecord(f"{path}: not a JSON object")
        while raw.get("schema_version") in UPGRADERS:
            raw = UPGRADERS[raw["schema_version"]](raw)
        return Record.model_validate(raw)
    except CorruptRecord:
        raise
    except ValidationError as error:
        raise CorruptRecord(f"{path}: {first_problem(error)}") from error
    except OSError as error:
        raise UnreadableRecord(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise CorruptRecord(f"{path}: not a record: {error}") from error


def _finite_number(text: str) -> float:
    """JSON has no NaN and no infinity, written out or as 1e999, although Python reads them."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def room(record: Record) -> int:
    """How many more bytes the record may take."""
    return MAX_BYTES - len(_text(record).encode())


def _text(record: Record) -> str:
    """Sorted keys; one line for each part, and one for each seed."""
    raw = record.model_dump(mode="json")
    lines = {key: _dumps(value) for key, value in raw.items()}
    lines["seeds"] = "[\n  " + ",\n  ".join(_dumps(result) for result in raw["seeds"]) + "\n ]"
    return "{\n" + ",\n".join(f' "{key}": {lines[key]}' for key in sorted(lines)) + "\n}\n"


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def most_seeds(metrics: Iterable[str], points: int) -> int:
    """How many seeds surely fit in one record, from the names of the metrics and the curve."""
    point = 30 + sum(len(name) + 22 for name in metrics)
    return (MAX_BYTES - RESERVE) // (points * point + 480)


def write(path: Path, record: Record) -> None:
    """Write a record atomically, so that a reader sees the old one or the new one."""
    text = _text(record)
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"{path}: the record would exceed {MAX_BYTES // 1024} kB")
    write_atomically(path, text)


def set_aside(path: Path) -> Path:
    """Keep a corrupt record under another name, so that its cell counts as missing."""
    kept = path.with_suffix(".json.corrupt")
    number = 1
    while kept.exists():
        kept = path.with_suffix(f".json.corrupt{number}")
        number += 1
    return path.rename(kept)


@dataclass(frozen=True)
class Found:
    """A record together with where it was found."""

    path: Path
    record: Record


def walk(folder: Path) -> Iterator[Found | CorruptRecord]:
    """Every record below a folder (or one file) in path order; an unreadable one as its error."""
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.json")):
        if path.name.endswith(SEARCH):
            continue
        try:
            yield Found(path, read(path))
        except CorruptRecord as error:
            yield error
