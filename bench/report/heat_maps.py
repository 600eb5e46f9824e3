"""Heat maps of effects: by strategy and task, and by strategy and player of an extension."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.report import stats
from bench.report.cells import (
    DOMAIN_NAMES,
    CellResult,
    Endpoint,
    TaskView,
    control_verdict,
    short,
)
from bench.report.extensions import Entry, Game
from bench.report.findings import Study
from bench.report.style import INK, RULE, Drawing, drawing, png, printable, styled
from bench.report.tables import effect_matrix

WIDEST = 12
"""Columns of a figure of extensions; further games have figures of their own."""
INERT, MISSING = "n/a", "·"
MARKS = {
    "*": "significant (p adjusted by Benjamini and Hochberg)",
    "†": "by removing it",
    "§": "the base has nothing whose place it could take: added",
    INERT: "changes nothing",
}
"""What is told below a map of the marks that are in it."""


def heat_map(study: Study, base: str, endpoint: Endpoint = "final") -> Drawing | None:
    """P(improvement) by strategy (rows) and task (columns); controls below a line.

    The map by final score is there for print, too. None where there is nothing to show: a map by
    area needs tasks with anchors.
    """
    values, adjusted = effect_matrix(study, base, endpoint)
    if values.empty or (endpoint == "area" and values.isna().all(axis=None)):
        return None
    rows = study.rows(base)
    control = [rows[label].expected is not None for label in values.index]
    order = [i for i, c in enumerate(control) if not c] + [i for i, c in enumerate(control) if c]
    values, adjusted = values.iloc[order], adjusted.iloc[order]
    shown = [view for view in study.tasks if view.name in values.columns]
    text = [
        [_cell_text(v, base, rows[label], adjusted.loc[label, v.name], endpoint) for v in shown]
        for label in values.index
    ]
    names = [f"{printable(view.name, 24)}\n{DOMAIN_NAMES[view.domain]}" for view in shown]
    with styled():
        figure, _ = _draw(values, text, names, controls=sum(control), endpoint=endpoint)
        return drawing(figure) if endpoint == "final" else Drawing(png(figure))


def _cell_text(
    task: TaskView, base: str, row: CellResult, p: float, endpoint: Endpoint = "final"
) -> str:
    """The number, with a star if it is significant after Benjamini-Hochberg; "n/a" where inert."""
    key = task.key(base, row)
    if task.why_inert(base, row):
        return INERT
    found = task.effects[endpoint].get(key)
    if found is None:
        return MISSING
    contrast = task.cells[key].record.contrast
    text = _number(found.value, p, removed=contrast == "removed")
    return text + " §" * bool(row.instead_of and contrast != "in place of")


def _number(value: float, p: float, *, removed: bool) -> str:
    star = "*" if p <= 1.0 - stats.LEVEL else ""
    return f"{value:.2f}{star}" + (" †" if removed else "")


def scope_maps(games: Sequence[Game], base: str) -> list[bytes]:
    """PNGs of P(improvement) by strategy and player, the games side by side; none without effects.

    In each task's own order of play. Players on whom nothing was tried are left out.
    """
    columns = [column for game in games for column in _columns(game, base)]
    return [_scope_map(part) for part in _parts(columns)]


Column = tuple[str, str, dict[str, Entry]]
"""Game, scope, and the entries by strategy."""


def _columns(game: Game, base: str) -> Iterator[Column]:
    for table in game.tables:
        if (table.base, table.play) == (base, ""):
            for scope in table.scopes:
                found = {
                    row: entries[scope] for row, entries in table.rows.items() if scope in entries
                }
                if any(entry.effect or entry.inert for entry in found.values()):
                    yield game.view.name, scope, found


def _parts(columns: Sequence[Column]) -> list[list[Column]]:
    """The columns of whole games, in figures that are about equally wide."""
    parts: list[list[Column]] = []
    room = math.ceil(len(columns) / math.ceil(len(columns) / WIDEST)) if columns else 0
    for name in dict.fromkeys(game for game, *_ in columns):
        own = [column for column in columns if column[0] == name]
        if parts and len(parts[-1]) < room and len(parts[-1]) + len(own) <= WIDEST:
            parts[-1] += own
        else:
            parts.append(own)
    return parts


def _scope_map(columns: Sequence[Column]) -> bytes:
    rows = sorted({row for *_, found in columns for row in found}, key=_by_kind)
    entries = [[found.get(row) for *_, found in columns] for row in rows]
    effects = [[entry.effect if entry else None for entry in line] for line in entries]
    values = pd.DataFrame(
        [[effect.value if effect else math.nan for effect in line] for line in effects], index=rows
    )
    text = [[_entry_text(entry) for entry in line] for line in entries]
    names = [f"{printable(game, 18)}\n{printable(scope, 18)}" for game, scope, _ in columns]
    with styled():
        controls = sum(control_verdict(row) is not None for row in rows)
        figure, axes = _draw(values, text, names, controls=controls, upright=1)
        for place in range(1, len(columns)):
            if columns[place - 1][0] != columns[place][0]:
                axes.axvline(place, color=INK, lw=1.2)
        return png(figure)


def _by_kind(row: str) -> tuple[bool, str]:
    return control_verdict(row) is not None, row


def _entry_text(entry: Entry | None) -> str:
    if entry is None:
        return MISSING
    if entry.inert:
        return INERT
    if entry.effect is None:
        return MISSING
    return _number(entry.effect.value, entry.p_adjusted, removed=entry.removed)


def _draw(
    values: pd.DataFrame,
    text: list[list[str]],
    names: Sequence[str],
    *,
    controls: int,
    upright: int = 8,
    endpoint: Endpoint = "final",
) -> tuple[Figure, Axes]:
    """A map with numbers, and a line above the last rows, which are controls.

    Names of more than `upright` columns are slanted.
    """
    rows, columns = values.shape
    figure = Figure(figsize=(3.4 + 0.82 * columns, 1.7 + 0.30 * rows), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("#E5E7EB")
    by = " by area" if endpoint == "area" else ""
    sns.heatmap(
        values,
        ax=axes,
        cmap="PuOr",
        vmin=0.0,
        vmax=1.0,
        linewidths=1.2,
        linecolor="white",
        cbar_kws={
            "label": f"P(better than base){by}\n0.5 = no effect, higher is better",
            "pad": 0.02,
            "aspect": 25,
            "shrink": max(0.5, min(1.0, 6.0 / rows)),
        },
    )
    _write_cells(axes, values, text)
    axes.set_yticklabels([printable(short(label)) for label in values.index], rotation=0, color=INK)
    axes.xaxis.tick_top()
    axes.set_xticklabels(names, color=INK)
    if columns > upright:
        lines = [name.replace("\n", ", ") for name in names]
        axes.set_xticklabels(lines, rotation=40, ha="left", rotation_mode="anchor")
    marks = [f"{mark} {told}" for mark, told in MARKS.items() if mark in "".join(chain(*text))]
    figure.supxlabel("   ".join(marks), fontsize="medium", color=INK)
    axes.tick_params(length=0)
    if 0 < controls < rows:
        axes.axhline(rows - controls, color=INK, lw=2)
    return figure, axes


def _write_cells(axes: Axes, values: pd.DataFrame, text: list[list[str]]) -> None:
    """Numbers, white on dark cells; inert cells are hatched."""
    for (row, column), value in np.ndenumerate(values.to_numpy(dtype=float)):
        if text[row][column] == INERT:
            axes.add_patch(
                Rectangle((column, row), 1, 1, fc="#F3F4F6", ec=RULE, hatch="////", lw=0)
            )
        dark = not math.isnan(value) and abs(value - 0.5) > 0.3
        axes.text(
            column + 0.5,
            row + 0.5,
            text[row][column],
            ha="center",
            va="center",
            color="white" if dark else INK,
            fontsize=8.5,
        )
