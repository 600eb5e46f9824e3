"""The cells of a report, task by task: what each is called, and its effect against its base.

A cell is known by its base, its order of play and a *label*: its name without these two, so that
"bare+replay", "reference+replay" and "reference-replay" are all the strategy `replay`, on two
bases. "reference-r1+r2" is `r2 (in place of r1)`. A cell is compared with the same base in the same
order of play.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple, get_args

import numpy as np

from bench.experiment import registry
from bench.experiment.kits import BASES, reference_of
from bench.learner.task import TIE
from bench.records.acts import equal
from bench.records.record import Record, ScoreInfo
from bench.report import stats
from bench.report.grounds import Grounds

EXTENSION = "extension"
DOMAIN_NAMES = {"gan": "GAN", "rl": "RL", "game": "toy game", EXTENSION: "extensions"}
ORDER = {"gan": 0, "rl": 1, "game": 2, EXTENSION: 3}

Endpoint = Literal["final", "area"]
"""What runs are compared by: the score at the end, or the area under the normalised curve."""
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)

IN_PLACE = " (in place of "
"""What stands in labels between a strategy and those whose place it takes."""


class Key(NamedTuple):
    """Where a cell is among those of its task; `play` is "" for the task's own order of play."""

    base: str
    play: str
    label: str  # "" for the base itself


@dataclass(frozen=True)
class CellResult:
    """A record, with its label and the utilities of its runs."""

    record: Record
    label: str  # "" for the base itself
    scores: stats.Arm  # in the score's unit, turned so that higher is better
    arms: dict[Endpoint, stats.Arm]  # what runs are compared by; no area without anchors

    @classmethod
    def of(cls, record: Record) -> CellResult:
        """From a record. A failed run has no number, though a collapsed one has a score."""
        seeds, info = tuple(result.seed for result in record.seeds), record.score_info
        ended = [result.score if result.status == "ok" else None for result in record.seeds]
        scores = stats.Arm(seeds, stats.utilities(ended, info.better))
        arms: dict[Endpoint, stats.Arm] = {"final": scores}
        if info.anchors is not None:
            finals = [None if score is None else info.normalised(score) for score in ended]
            areas = [result.area if result.status == "ok" else None for result in record.seeds]
            arms["final"] = stats.Arm(seeds, stats.utilities(finals, "higher"), TIE)
            arms["area"] = stats.Arm(seeds, stats.utilities(areas, "higher"), TIE)
        return cls(record, label_of(record), scores, arms)

    @property
    def instead_of(self) -> tuple[str, ...]:
        """The strategies of the base in whose place the cell has others."""
        return tuple((self.record.instead_of or "").split("+")) if self.record.instead_of else ()

    @property
    def added_label(self) -> str:
        """The label of the cell in which the same strategy is added and nothing makes room."""
        return self.label.partition(IN_PLACE)[0]

    @property
    def expected(self) -> str | None:
        """The verdict that a control must get; None for what is no control."""
        return None if self.instead_of else control_verdict(self.record.strategy or "")

    @property
    def title(self) -> str:
        """The label as it stands in figures, for a cell that is not a base."""
        if self.record.strategy is None:
            return f"base {self.label}"
        sign = "without " if self.record.contrast == "removed" else ""
        return sign + short(self.label)

    @property
    def plain(self) -> bool:
        """Whether strategies act on all their players, in the task's own order of play."""
        return not self.record.play and "@" not in self.label + (self.record.strategy or "")

    @property
    def update_seconds(self) -> float:
        """The wall time of one seed's updates; not a number where it was not taken, or is 0."""
        return (self.record.seconds.get("update") or math.nan) / self.record.seconds_seeds

    @property
    def failures(self) -> int:
        """The number of runs that diverged or collapsed."""
        return sum(result.status != "ok" for result in self.record.seeds)

    @property
    def failure_text(self) -> str:
        """How many failed, and how: "2 of 10 (1 collapsed, 1 diverged)"."""
        counts = Counter(r.status for r in self.record.seeds if r.status != "ok")
        which = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        text = f"{self.failures} of {len(self.record.seeds)}"
        return f"{text} ({which})" if which else text


@dataclass(frozen=True)
class TaskView:
    """One task with its cells, and their effects by endpoint and the same keys."""

    name: str
    domain: str
    score: ScoreInfo
    cells: dict[Key, CellResult]
    grounds: Grounds  # which of them may be compared
    effects: dict[Endpoint, dict[Key, stats.Comparison]] = field(
        default_factory=lambda: {endpoint: {} for endpoint in ENDPOINTS}
    )
    inert: dict[Key, str] = field(default_factory=dict)  # why nothing can change

    @property
    def plain(self) -> dict[Key, CellResult]:
        """The plain cells."""
        return {key: cell for key, cell in self.cells.items() if cell.plain}

    @property
    def shown(self) -> dict[Key, CellResult]:
        """The cells of the task's own table and figures: all of an extension, else plain ones."""
        return self.cells if self.domain == EXTENSION else self.plain

    @property
    def fewest(self) -> tuple[int, int]:
        """The fewest seeds of any cell, and of any base; 0 without a base."""
        every = {key: len(cell.record.seeds) for key, cell in self.cells.items()}
        bases = [count for key, count in every.items() if not key.label]
        return min(every.values()), min(bases, default=0)

    def key(self, base: str, row: CellResult) -> Key:
        """Where the cell of a row is that this and other tasks share, whether it is there or not.

        Where the reference base has nothing of what is replaced elsewhere, what is put in its place
        elsewhere is added.
        """
        kit = reference_of(self.name, self.domain)
        absent = row.instead_of and not set(row.instead_of) & set(kit)
        return Key(base, "", row.added_label if absent else row.label)

    def why_inert(self, base: str, row: CellResult) -> str | None:
        """Why the strategy of a row can change nothing here; None if it can.

        Of a tuned row without a cell, too: there is nothing to tune where nothing can change.
        """
        known = self.inert.get(self.key(base, row))
        if known or row.record.settings_from == "published":
            return known
        return inert_reason(row.record.strategy or "", self.name)

    def ground(self, cell: CellResult) -> CellResult | None:
        """The base with which a cell is compared, that of its own submission; None if none may."""
        base = self.grounds.base(cell.record)
        if base is None:
            return None
        shown = self.cells.get(Key(base.base, base.play, label_of(base)))
        return shown if shown is not None and shown.record is base else CellResult.of(base)

    @property
    def axis(self) -> str:
        """The label of an axis with the score: its name, unit, and which way is better."""
        arrow = "higher is better ↑" if self.score.better == "higher" else "lower is better ↓"
        return f"{self.score.metric} [{self.score.unit}], {arrow}"


def short(label: str) -> str:
    """A label as it stands in figures: "r2 for r1" is r2 in place of r1."""
    plain, placed, rivals = label.partition(IN_PLACE)
    return f"{plain} for {rivals.removesuffix(')')}" if placed else label


@cache
def control_verdict(strategy: str) -> str | None:
    """The verdict that a control must get, maybe on one player; None for what is no control."""
    plain = strategy if "+" in strategy else strategy.partition("@")[0]
    entry = registry.strategies().get(plain)
    if entry is None or entry.home != "control":
        return None
    return "neutral" if getattr(entry.module, "IDENTITY", False) else "harmful"


@cache
def inert_reason(strategy: str, task: str) -> str | None:
    """Why the strategy can change nothing on the task; None if it can, or if that is unknown.

    It is unknown for several at once, and where a name or a player does not exist (any more).
    """
    try:
        found = registry.task(task)
        return registry.strategy(strategy).build(found).why_inert(found)
    except ValueError:
        return None


def label_of(record: Record) -> str:
    """The cell's name without base and order: the strategy with the settings that were chosen.

    "" for a base, "~tuned" for one with chosen settings.
    """
    variant = "" if record.settings_from == "published" else f"~{record.settings_from}"
    if record.strategy is None:
        return variant
    if record.instead_of:
        rivals = " and ".join(record.instead_of.split("+"))
        return f"{record.strategy}{variant}{IN_PLACE}{rivals})"
    if record.contrast == "removed":
        return record.strategy + variant
    if record.cell[: len(record.base)] == record.base and len(record.cell) > len(record.base):
        label = record.cell[len(record.base) + 1 :]
        return label.replace(f"={record.play}", "", 1) if record.play else label
    return record.strategy


def in_order(bases: set[str]) -> tuple[str, ...]:
    """The bases, the bare one first."""
    return tuple(sorted(bases, key=lambda b: (BASES.index(b) if b in BASES else len(BASES), b)))


def view_of(records: list[Record], boot: stats.Bootstrap, grounds: Grounds) -> TaskView:
    """One task's cells, sorted, and the effect of every strategy with a base to compare with."""
    first = records[0]
    cells: dict[Key, CellResult] = {}
    for record in sorted(
        records, key=lambda r: (r.base != "bare", r.base, r.play, r.strategy or "", r.cell)
    ):
        cell = CellResult.of(record)
        cells[Key(record.base, record.play, cell.label)] = cell
    view = TaskView(first.task, first.domain, first.score_info, cells, grounds)
    for key, cell in cells.items():
        if not key.label:
            continue
        # What takes the place of another changes something even where it cannot act itself.
        changed = (cell.record.strategy or "", *cell.instead_of)
        reasons = [inert_reason(name, first.task) for name in changed]
        reason = "; ".join(filter(None, reasons)) if all(reasons) else None
        ground = view.ground(cell)
        if reason is not None:
            view.inert[key] = reason
        elif ground is not None:
            pair = (ground, cell) if cell.record.contrast == "removed" else (cell, ground)
            for endpoint, found in comparisons(first.task, *pair, boot).items():
                view.effects[endpoint][key] = found
    return view


def comparisons(
    task: str, treated: CellResult, base: CellResult, boot: stats.Bootstrap
) -> dict[Endpoint, stats.Comparison]:
    """One cell against another, by each endpoint that both have.

    Where all common seeds' curves agree to the last bit, those alone are compared: nothing was
    changed, however many seeds one of them has besides.
    """
    arms = [treated.arms, base.arms]
    if equal(treated.record, base.record):
        common = {*arms[0]["final"].seeds} & {*arms[1]["final"].seeds}
        arms = [{name: arm.only(common) for name, arm in each.items()} for each in arms]
    return {
        endpoint: stats.compare(task, arms[0][endpoint], arms[1][endpoint], boot)
        for endpoint in ENDPOINTS
        if endpoint in arms[0] and endpoint in arms[1]
    }


def rows(base: str, views: Sequence[TaskView]) -> dict[str, CellResult]:
    """Label -> one of its cells, of all plain cells on a base but the base itself."""
    found: dict[str, CellResult] = {}
    for view in views:
        for key, cell in view.plain.items():
            if key.base == base and cell.record.strategy is not None:
                found.setdefault(key.label, cell)
    return found


def median_of_known(values: Iterable[float]) -> float:
    """The median of the finite ones; not a number without one."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.median(known)) if known else math.nan
