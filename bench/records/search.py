"""Searches for settings: one JSON file beside the records for each cell that was searched.

A search says which settings were tried on which seeds, how far each came and what it scored. Its
seeds are none that a result uses, so that what is chosen here is judged elsewhere. The published
settings are its number 0: they are what everything else has to beat.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from bench.experiment import registry
from bench.experiment.grid import PROTOCOL_VERSION, Cell, Settings, first_problem, flat
from bench.experiment.spec import spec_hash
from bench.learner.problem import Domain
from bench.records import record
from bench.records.files import write_atomically
from bench.records.record import (
    MAX_BYTES,
    RESERVE,
    SEARCH,
    Attempt,
    CorruptRecord,
    Found,
    Number,
    Part,
    Provenance,
    ScoreInfo,
    UnreadableRecord,
    outcome,
    summarise,
)

FIRST_SEED = 1000
"""Searches train on the seeds from here on; results have seeds below it."""

MOST_SETTINGS = 100
"""Of one search."""

GRACE, FACTOR = 3, 2
"""Where halving compares settings: after 3, 6, 12, ... evaluations. Of ten, when curves part."""

WORST = -1e30
"""The merit of what has failed: finite, because schedulers take means."""

Searcher = Literal["random", "optuna"]
Value = bool | int | float | str
Chosen = dict[str, dict[str, Value]]
"""strategy -> setting -> value, of the settings that are searched"""
Space = dict[str, dict[str, list[Value]]]
"""strategy -> setting -> the values to try"""


class NoSearch(ValueError):
    """Tuned settings were asked for where no search has come to its end."""


class Point(Part):
    """One evaluation of all seeds."""

    step: int = Field(ge=1, description="steps made, in the task's unit")
    scores: list[Number] = Field(min_length=1, description="each seed's score metric; null: failed")

    @classmethod
    def of(cls, step: int, scores: Sequence[float | None]) -> Point:
        """With seven significant digits, as in records."""
        finite = (score if score is not None and math.isfinite(score) else None for score in scores)
        return cls(step=step, scores=[s if s is None else float(f"{s:.7g}") for s in finite])


class Tried(Part):
    """One combination of settings, and what it gave."""

    number: int = Field(ge=0, lt=MOST_SETTINGS, description="its place in the search; 0: published")
    settings: Chosen = Field(description="those that are searched")
    status: Literal["finished", "stopped"] = Field(description="stopped: others were ahead")
    curve: list[Point] = Field(min_length=1, description="without step 0")
    seconds: float = Field(ge=0.0, description="wall time, all seeds together")
    attempts: list[Attempt]

    def scores(self, info: ScoreInfo) -> list[float | None]:
        """Each seed's score, as records have it, None where it failed; of what was finished."""
        start = record.Point(step=0, metrics={})
        found = []
        for seed in range(len(self.curve[0].scores)):
            points = [start]
            points += [
                record.Point(step=point.step, metrics={info.metric: point.scores[seed]})
                for point in self.curve
            ]
            status = outcome(points, info, None)
            found.append(summarise(points, info, status)["score"] if status == "ok" else None)
        return found

    def merits(self, info: ScoreInfo) -> list[float]:
        """How good it was at each evaluation: the merit of the median over seeds."""
        return [merit(info, median(info, point.scores)) for point in self.curve]


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
    budget: int = Field(ge=1, le=MOST_SETTINGS, description="how many settings are to be tried")
    searcher: Searcher
    halving: bool = Field(description="whether settings that fall behind are stopped")
    space: Space
    tries: list[Tried]
    spec: str = Field(pattern=r"^[0-9a-f]{16}$", description="hash of code, space, data and seeds")
    provenance: Provenance | None = Field(description="of the last setting that came to the end")

    @property
    def origin(self) -> Cell:
        """The cell that is searched."""
        return Cell(self.task, self.base, self.strategy, self.updates)

    @property
    def complete(self) -> bool:
        """Whether as many settings as the budget or the space allows have been tried."""
        return len(self.tries) == min(self.budget, size(self.origin, self.space))

    @property
    def rules(self) -> dict[str, object]:
        """What all searches of a grid must have in common, so that they are the same chance."""
        return {
            "--budget": self.budget,
            "--seeds": len(self.seeds),
            "--searcher": self.searcher,
            "--halving": self.halving,
        }

    def best(self, first: int = MOST_SETTINGS) -> Tried | None:
        """The best of the first so many settings; None if none of them came to the end.

        By the median score over seeds, where failed seeds rank worst; then by failures; then the
        earlier one, so that nothing is preferred to the published settings without a reason.
        """
        finished = [t for t in self.tries if t.number < first and t.status == "finished"]

        def rank(tried: Tried) -> tuple[float, int, int]:
            scores = tried.scores(self.score_info)
            value = merit(self.score_info, median(self.score_info, scores))
            return value, -scores.count(None), -tried.number

        return max(finished, key=rank, default=None)


def median(info: ScoreInfo, scores: Sequence[float | None]) -> float | None:
    """The median over seeds, of which failed ones (None, NaN) rank worst; None if it is one."""
    sign = 1.0 if info.better == "higher" else -1.0
    signed = [
        -math.inf if score is None or not math.isfinite(score) else sign * score for score in scores
    ]
    found = float(np.median(signed))
    return float(f"{sign * found:.7g}") if math.isfinite(found) else None


def merit(info: ScoreInfo, score: float | None) -> float:
    """The score so that more is better, and a failure is worse than everything."""
    if score is None or not math.isfinite(score):
        return WORST
    return score if info.better == "higher" else -score


def rungs(evaluations: int) -> list[int]:
    """After how many of the evaluations settings are compared; not after the last one."""
    found, rung = [], GRACE
    while rung < evaluations:
        found.append(rung)
        rung *= FACTOR
    return found


def space(cell: Cell) -> Space:
    """What there is to search: the declared values of the strategies that are added to a base.

    Without those that can change nothing on the task.
    """
    if cell.strategy is None or cell.contrast == "removed":
        return {}
    task, entries = registry.task(cell.task), map(registry.strategy, sorted(set(cell.named)))
    acting = [entry for entry in entries if entry.build(task).inert(task) is None]
    declared = {entry.name: entry.search for entry in acting}
    return {
        name: {setting: list(values) for setting, values in own.items()}
        for name, own in declared.items()
        if own
    }


def size(cell: Cell, within: Space) -> int:
    """How many different settings there are, the published ones among them."""
    whole = math.prod(len(values) for own in within.values() for values in own.values())
    return whole + (not contains(within, searched(cell.settings(), within)))


def searched(settings: Settings, within: Space) -> Chosen:
    """Those of the settings that are searched."""
    return {name: {key: settings[name][key] for key in own} for name, own in within.items()}


def contains(within: Space, settings: Settings) -> bool:
    """Whether they are values of the space, one for each setting and nothing else."""
    names = {name: set(own) for name, own in settings.items()}
    return names == {name: set(own) for name, own in within.items()} and all(
        settings[name][key] in values for name, own in within.items() for key, values in own.items()
    )


def draws(cell: Cell, within: Space) -> Iterator[Chosen]:
    """Every combination of settings once: the published ones, then at random.

    The order depends on the strategy alone, so that all tasks try the same settings in the same
    order, and a larger budget goes on where a smaller one has ended.
    """
    published = searched(cell.settings(), within)
    yield published
    digest = hashlib.sha256(str(cell.strategy).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    axes = [(name, key, values) for name, own in within.items() for key, values in own.items()]
    seen = {flat(published)}
    while len(seen) < size(cell, within):
        settings: Chosen = {name: {} for name in within}
        for name, key, values in axes:
            settings[name][key] = values[int(generator.integers(len(values)))]
        if flat(settings) not in seen:
            seen.add(flat(settings))
            yield settings


def search_spec(cell: Cell, within: Space, seeds: Sequence[int]) -> str:
    """A hash of all that a search depends on: the cell's code and data, the space, the seeds."""
    parts = [spec_hash(cell.published), within, list(seeds)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def path(folder: Path, cell: Cell) -> Path:
    """Where the search of a cell lies below a submission's folder."""
    return folder / cell.task / f"{cell.published.name}{SEARCH}"


def read(file: Path) -> Search:
    """The search in a file. Raises `CorruptRecord`."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise CorruptRecord(f"{file}: larger than {MAX_BYTES // 1024} kB")
        return Search.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableRecord(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise CorruptRecord(f"{file}: {first_problem(error)}") from error
    except UnicodeDecodeError as error:
        raise CorruptRecord(f"{file}: not a search: {error}") from error


def valid(file: Path, spec: str) -> Search | None:
    """The search there if it is by the code with this hash. Raises `CorruptRecord`."""
    if not file.exists():
        return None
    found = read(file)
    return found if found.spec == spec else None


def most_settings(cell: Cell, seeds: int) -> int:
    """How many surely fit in one file, which is no larger than a record."""
    task = registry.task(cell.task)
    settings = sum(len(name) + 32 for own in space(cell).values() for name in own)
    each = 240 + settings + task.evaluations * (28 + 16 * seeds)
    return min(MOST_SETTINGS, (MAX_BYTES - RESERVE) // each)


def write(file: Path, search: Search) -> None:
    """Write it atomically, one line for each setting."""
    raw = search.model_dump(mode="json")
    lines = {key: json.dumps(value, sort_keys=True, allow_nan=False) for key, value in raw.items()}
    tries = (json.dumps(tried, sort_keys=True, allow_nan=False) for tried in raw["tries"])
    lines["tries"] = "[\n  " + ",\n  ".join(tries) + "\n ]"
    text = "{\n" + ",\n".join(f' "{key}": {lines[key]}' for key in sorted(lines)) + "\n}\n"
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"{file}: the search would exceed {MAX_BYTES // 1024} kB")
    write_atomically(file, text)


def walk(folder: Path) -> Iterator[tuple[Path, Search | CorruptRecord]]:
    """Every search below a folder (or one file) in path order; an unreadable one as its error."""
    for file in [folder] if folder.is_file() else sorted(folder.rglob(f"*{SEARCH}")):
        try:
            yield file, read(file)
        except CorruptRecord as error:
            yield file, error


def current(search: Search) -> bool:
    """Whether the present code would search the same."""
    try:
        within = space(search.origin)
        return search.spec == search_spec(search.origin, within, search.seeds)
    except ValueError:  # a task or a strategy that is no more
        return False


def tuned(cell: Cell, folder: Path) -> tuple[Cell, Search | None]:
    """The cell with the settings that its search has chosen, and that search.

    The cell itself where there is nothing to search. Raises `NoSearch` if there is something and
    it has not been searched to the end by the present code, and `CorruptRecord`.
    """
    within = space(cell)
    if not within:
        return cell, None
    file = path(folder, cell)
    found = read(file) if file.exists() else None
    if found is None:
        raise NoSearch(f"{cell.task}/{cell.name} has not been searched in {folder}")
    if not current(found):
        raise NoSearch(f"{file} was made by other code or data")
    best = found.best()
    if best is None or not found.complete:
        raise NoSearch(f"{file} has not come to its end")
    return cell.varied("tuned", best.settings), found


def unchosen(found: Found) -> str | None:
    """Why a tuned record cannot be believed; None if the search beside it has chosen its settings.

    Nothing else says that they were chosen on other seeds than the record's own.
    """
    try:
        chosen, _ = tuned(found.record.origin.published, found.path.resolve().parents[1])
    except ValueError as error:  # no search, a broken one, or names that are no more
        return f"its settings were chosen by no search: {error}"
    if chosen.settings() != found.record.settings:
        return "the search beside it has chosen other settings"
    return None
