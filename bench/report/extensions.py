"""Extensions: effects by strategy and player, and effects of the order of play. No verdicts.

A cell is compared with one that differs from it in one thing: with the same base in the same order
of play, or with the same cell in the task's own order. An effect is that of one game. It helps or
hurts as in a verdict, but p is adjusted as in the heat maps: by Benjamini and Hochberg, over the
entries of a table without its controls.

Tasks of other domains are here as far as they have strategies on one player, or other orders.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bench.experiment import play as order_of_play
from bench.experiment import registry
from bench.records.rank_tests import benjamini_hochberg
from bench.report import stats, verdicts
from bench.report.cells import (
    EXTENSION,
    IN_PLACE,
    CellResult,
    Endpoint,
    Key,
    TaskView,
    comparisons,
    in_order,
)
from bench.report.findings import Study

ALL = "all players"
SEVERAL = "several"
"""The scope of combinations whose parts are on different players; their rows say which."""
BASE = "base"
NO_EFFECT = "no effect shown"


@dataclass(frozen=True)
class Entry:
    """A cell, and its effect against another one."""

    key: Key
    cell: CellResult
    row: str  # the strategy without its player
    scope: str  # that player, ALL or SEVERAL
    other: CellResult | None = None
    effect: stats.Effect | None = None  # by the final score
    area: stats.Effect | None = None  # by the area under the curve; None without anchors
    p_adjusted: float = math.nan
    inert: str = ""  # why nothing can change

    @property
    def word(self) -> str:
        """Helps, hurts, no effect shown, or inert; "" without anything to compare with."""
        if self.inert:
            return "inert"
        if self.effect is None:
            return ""
        state = verdicts.state(self.effect, self.p_adjusted)
        return state if state in {"helps", "hurts"} else NO_EFFECT

    @property
    def removed(self) -> bool:
        """Whether the base has the strategy already: its effect was measured by removing it."""
        return self.cell.record.contrast == "removed"

    @property
    def control(self) -> bool:
        """Whether the strategy is a control."""
        return self.cell.expected is not None

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of the score; failures count as worst."""
        sign = 1.0 if self.cell.record.score_info.better == "higher" else -1.0
        scores = np.sort(sign * self.cell.scores.values)
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2.0
        low = np.quantile(scores, 0.25, method="lower")
        high = np.quantile(scores, 0.75, method="higher")
        return float(low), float(middle), float(high)

    @property
    def median(self) -> float:
        """The median score; infinite if failures reach into the middle."""
        return self.quartiles[1]


@dataclass(frozen=True)
class ScopeTable:
    """Effects against one base in one order of play: rows of strategies, columns of scopes."""

    base: str
    play: str
    scopes: tuple[str, ...]
    ground: Entry | None
    rows: dict[str, dict[str, Entry]]  # controls last


@dataclass(frozen=True)
class OrderTable:
    """Effects of orders of play against the task's own: rows of cells of one base."""

    base: str
    plays: tuple[str, ...]  # the task's own, "", is the first
    rows: dict[str, dict[str, Entry]]


@dataclass(frozen=True)
class Game:
    """A game with its tables."""

    view: TaskView
    players: dict[str, str]  # name -> role, in the order of play; empty for a task not known here
    tables: tuple[ScopeTable, ...]
    orders: tuple[OrderTable, ...]
    about: str = ""
    answer: str = ""
    anchors: str = ""  # where they come from

    @property
    def seeds(self) -> tuple[int, int]:
        """The fewest and the most seeds of a cell."""
        counts = [len(cell.record.seeds) for cell in self.view.cells.values()]
        return min(counts), max(counts)

    def order(self, play: str) -> str:
        """An order of play in words, which say who is first."""
        names = list(self.players)
        if play == order_of_play.REVERSED:
            names.reverse()
        elif play:
            names = play.split(".") if "." in play else []
        first = f" ({names[0]} first)" if names else ""
        return (play or order_of_play.GIVEN) + first


def games(study: Study) -> tuple[Game, ...]:
    """Every extension, then every other task with strategies on one player or other orders."""
    chosen = [view for view in study.tasks if view.domain == EXTENSION]
    others = (view for view in study.tasks if view.domain != EXTENSION)
    chosen += [view for view in others if len(view.plain) < len(view.cells)]
    return tuple(_game(view, study.boot) for view in chosen)


def _game(view: TaskView, boot: stats.Bootstrap) -> Game:
    players: dict[str, str] = {}
    words = {"about": "", "answer": "", "anchors": ""}
    if view.name in registry.tasks():
        task = registry.task(view.name)
        players = dict(task.players)
        text = sys.modules[type(task).__module__].__doc__ or ""
        words["about"] = text.splitlines()[0] if text else ""
        words["answer"] = _known_answer(text)
        words["anchors"] = task.anchors.source
    places = dict.fromkeys((key.base, key.play) for key in view.cells)
    tables = [_scope_table(view, tuple(players), *place) for place in places]
    bases = in_order({key.base for key in view.cells if key.play})
    return Game(
        view,
        players,
        tuple(table for table in tables if table is not None),
        tuple(_order_table(view, base, boot) for base in bases),
        **words,
    )


def _known_answer(text: str) -> str:
    """The sentence of a task's docstring that says what the score can come to, or ""."""
    plain = " ".join(text.split())
    found = re.search(r"Known answers?: (.+?[.])(?= [A-Z`]|$)", plain)
    return found[1].replace("`", "") if found else ""


def _scope_table(
    view: TaskView, players: tuple[str, ...], base: str, play: str
) -> ScopeTable | None:
    """The effects on one base in one order; None if there are none that are not shown elsewhere."""
    cells = {key: cell for key, cell in view.cells.items() if key[:2] == (base, play)}
    own = Key(base, play, "")
    ground = cells.get(own)
    treated = [(key, cell) for key, cell in cells.items() if cell.record.strategy is not None]
    entries = [_entry(view, key, cell) for key, cell in treated]
    if view.domain != EXTENSION and not play:  # the task's own table has the others
        scoped = {entry.row for entry in entries if entry.scope != ALL}
        entries = [entry for entry in entries if entry.row in scoped]
    if not entries and (view.domain != EXTENSION or play):
        return None
    rows: dict[str, dict[str, Entry]] = {}
    for entry in sorted(adjusted(entries), key=lambda e: (e.control, e.row)):
        rows.setdefault(entry.row, {})[entry.scope] = entry
    found = {entry.scope for entry in entries}
    others = sorted(found - {ALL, SEVERAL, *players}) + [SEVERAL] * (SEVERAL in found)
    return ScopeTable(
        base,
        play,
        (ALL, *players, *others),
        Entry(own, ground, BASE, ALL) if ground else None,
        rows,
    )


def _entry(view: TaskView, key: Key, cell: CellResult) -> Entry:
    """A cell against its base; where none may be compared, beside the one that is shown."""
    row, scope = position(key.label)
    ground = view.ground(cell) or view.cells.get(Key(key.base, key.play, ""))
    found = {name: by[key] for name, by in view.effects.items() if key in by}
    entry = Entry(key, cell, row, scope, ground, inert=view.inert.get(key, ""))
    return _with_effects(entry, found)


def position(label: str) -> tuple[str, str]:
    """Row and column of a label: "r1@reward" is r1 and reward."""
    own, placed, rivals = label.partition(IN_PLACE)
    names, tilde, variant = own.partition("~")
    parts = [name.partition("@") for name in names.split("+")]
    scopes = {player for *_, player in parts}
    if len(scopes) > 1:
        return label, SEVERAL
    row = "+".join(name for name, *_ in parts) + tilde + variant
    return row + placed + rivals, scopes.pop() or ALL


def against(boot: stats.Bootstrap, view: TaskView, entry: Entry, other: CellResult) -> Entry:
    """The entry with the effects against another cell, if the two may be compared."""
    if not view.grounds.together(entry.cell.record, other.record):
        return entry
    found = comparisons(view.name, entry.cell, other, boot)
    return _with_effects(replace(entry, other=other, inert=""), found)


def _with_effects(entry: Entry, found: Mapping[Endpoint, stats.Comparison]) -> Entry:
    """The entry with the effects of one task, by endpoint."""
    effects = {name: stats.effect([comparison]) for name, comparison in found.items()}
    return replace(entry, effect=effects.get("final"), area=effects.get("area"))


def adjusted(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with p adjusted for all of them; a control's is not."""
    entries = list(entries)
    family = [e for e in entries if e.effect and not e.control]
    found = benjamini_hochberg([e.effect.p for e in family if e.effect])
    p = {entry.key: value for entry, value in zip(family, found, strict=True)}
    return [replace(e, p_adjusted=p.get(e.key, e.effect.p)) if e.effect else e for e in entries]


def _order_table(view: TaskView, base: str, boot: stats.Bootstrap) -> OrderTable:
    """The cells of one base that were run in another order than the task's."""
    labels = {key.label for key in view.cells if key.base == base and key.play}
    entries = []
    for key, cell in view.cells.items():
        tuned_base = key.label and cell.record.strategy is None
        if key.base == base and key.label in labels and not tuned_base:
            entry = Entry(key, cell, *(position(key.label) if key.label else (BASE, ALL)))
            given = view.cells.get(key._replace(play="")) if key.play else None
            entries.append(against(boot, view, entry, given) if given else entry)
    rows: dict[str, dict[str, Entry]] = {}
    for entry in sorted(adjusted(entries), key=lambda e: (e.control, e.key.label)):
        rows.setdefault(entry.key.label or BASE, {})[entry.key.play] = entry
    plays = sorted({entry.key.play for entry in entries} - {""})
    return OrderTable(base, ("", *plays), rows)
