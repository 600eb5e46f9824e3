"""Learning curves: the score against training steps, over the seeds of a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from bench.records.record import Record
from bench.report.cells import Key, TaskView, in_order
from bench.report.findings import Study
from bench.report.panels import AxisScale, Panel, axis_titles, panels, widened
from bench.report.stats import Better, Floats
from bench.report.style import (
    ACCENT,
    BASE_GREY,
    INK,
    MUTED,
    Drawing,
    drawing,
    png,
    printable,
    styled,
)

BASE_COLOURS = {"bare": BASE_GREY, "reference": ACCENT}
LOG_RATIO = 30.0
"""Positive scores that span more than this are drawn on a logarithmic axis."""

Curve = tuple[Floats, Floats]
"""Steps [P], and the lower quartile, median and upper quartile [3, P]."""


def quartiles(record: Record) -> Curve:
    """Steps [P] and the lower quartile, median, upper quartile [3, P] of the score over seeds.

    A seed without a finite value at a step counts as the worst there; a quartile that falls on one
    is not finite, and the line or band ends there.
    """
    name = record.score_info.metric
    worst = -math.inf if record.score_info.better == "higher" else math.inf
    steps = sorted({point.step for result in record.seeds for point in result.curve})
    place = {step: index for index, step in enumerate(steps)}
    values = np.full((len(record.seeds), len(steps)), worst)
    for row, result in enumerate(record.seeds):
        for point in result.curve:
            value = point.metrics.get(name)
            if value is not None:
                values[row, place[point.step]] = value
    low = np.quantile(values, 0.25, axis=0, method="lower")
    high = np.quantile(values, 0.75, axis=0, method="higher")
    ordered = np.sort(values, axis=0)
    centre = (ordered[(len(values) - 1) // 2], ordered[len(values) // 2])
    whole = np.isfinite(centre[0]) & np.isfinite(centre[1])
    middle = np.full(len(steps), np.nan)
    middle[whole] = (centre[0][whole] + centre[1][whole]) / 2.0
    return np.array(steps, dtype=float), np.array([low, middle, high])


def learning_curves(view: TaskView, base: str, play: str = "") -> bytes:
    """PNG with a panel per strategy: its median and middle half of seeds, the base's in grey."""
    cells = [c for key, c in view.shown.items() if key[:2] == (base, play) and key.label]
    cells.sort(key=lambda c: (c.expected is not None, c.label))
    own = view.cells.get(Key(base, play, ""))
    if not cells and own:
        cells = [own]
    curves = [quartiles(cell.record) for cell in cells]
    grounds = [view.ground(cell) if cell is not own else None for cell in cells]
    greys = [quartiles(ground.record) if ground else None for ground in grounds]
    named = f"{base}={play}" if play else base
    with styled():
        scales = _scales([*curves, *filter(None, greys)], view.score.better)
        figure, grid = panels(len(cells), *scales, width=2.4, height=1.55)
        for panel, cell, curve, grey in zip(grid, cells, curves, greys, strict=True):
            if grey:
                _band(panel, grey, BASE_GREY, 0.30, 1.2)
            _band(panel, curve, ACCENT, 0.28, 1.6)
            failed = f"  ({cell.failures}/{len(cell.record.seeds)} failed)" if cell.failures else ""
            panel.title(printable(cell.title or base, 26 if failed else 36) + failed)
        axis_titles(figure, f"{printable(view.score.step_unit)}s", printable_axis(view))
        handles = [
            Line2D([], [], color=ACCENT, lw=1.6, label="with the change: median"),
            Line2D([], [], color=BASE_GREY, lw=1.2, label=f"its base ({printable(named)}): median"),
            Patch(color="#E5E7EB", label="middle half of the seeds"),
        ]
        figure.legend(handles=handles, loc="upper left", ncols=3, frameon=False, fontsize=8)
        return png(figure)


def _scales(curves: Sequence[Curve], better: Better) -> tuple[AxisScale, AxisScale]:
    """Scales of steps and scores that fit all curves; a logarithmic one if scores span a lot."""
    steps = np.concatenate([steps for steps, _ in curves])
    x = AxisScale.linear(*widened(steps.min(), steps.max(), 0.05), MaxNLocator(3), ",.0f")
    low, high = limits(curves, better) or (0.0, 0.0)
    if is_wide(low, high):
        return x, AxisScale.logarithmic(low / 1.5, high * 1.5)
    return x, AxisScale.linear(*widened(low, high, 0.12), MaxNLocator(4))


def _band(panel: Panel, curve: Curve, colour: str, alpha: float, width: float) -> None:
    """The middle half of the seeds, and the median."""
    steps, (low, middle, high) = curve
    panel.band(steps, low, high, color=colour, alpha=alpha)
    marker = "." if len(steps) < 3 else None
    panel.line(steps, middle, color=colour, lw=width, marker=marker)


def base_curves(study: Study) -> Drawing | None:
    """A panel per task: how its bases learn, and the high anchor; None without bases."""
    views = [view for view in study.tasks if any(not key.label for key in view.plain)]
    if not views:
        return None
    columns = min(3, len(views))
    rows = -(-len(views) // columns)
    with styled():
        figure = Figure(figsize=(3.0 * columns, 1.95 * rows + 0.3), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, view in zip(grid.flat, views, strict=False):
            _base_panel(axes, view)
        for axes in list(grid.flat)[len(views) :]:
            axes.set_visible(False)
        handles: list[Line2D | Patch] = [
            Line2D([], [], color=BASE_COLOURS.get(base, INK), lw=1.6, label=f"{base}: median")
            for base in in_order(
                {key.base for view in views for key in view.plain if not key.label}
            )
        ]
        handles += [
            Patch(color="#E5E7EB", label="middle half of the seeds"),
            Line2D([], [], color=MUTED, lw=0.8, ls=":", label="known to be attainable"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
        return drawing(figure)


def _base_panel(axes: Axes, view: TaskView) -> None:
    """The bases of one task."""
    curves = []
    for key, cell in view.plain.items():
        if not key.label:
            curves.append(quartiles(cell.record))
            steps, (low, middle, high) = curves[-1]
            colour = BASE_COLOURS.get(key.base, INK)
            both = np.isfinite(low) & np.isfinite(high)
            axes.fill_between(steps, low, high, where=both, color=colour, alpha=0.22, lw=0)
            axes.plot(steps, middle, color=colour, lw=1.6, marker="." if len(steps) < 3 else None)
    attainable = view.score.anchors.high if view.score.anchors else None
    if attainable is not None:
        axes.axhline(attainable, color=MUTED, lw=0.8, ls=":")
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ends = limits(curves, view.score.better, attainable)
    if ends and is_wide(*ends):
        axes.set_yscale("log")
        axes.set_ylim(ends[0] / 1.5, ends[1] * 1.5)
        # The usual labels of a logarithmic axis are formulas, which the style leaves unparsed.
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif ends and ends[1] > ends[0]:
        axes.set_ylim(*widened(*ends, 0.12))
        axes.yaxis.set_major_locator(MaxNLocator(4))
    arrow = "↑" if view.score.better == "higher" else "↓"
    title = f"{printable(view.name, 26)}: {printable(view.score.metric)} {arrow}"
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(f"{printable(view.score.step_unit)}s", fontsize=8)


def printable_axis(view: TaskView) -> str:
    """The score's axis label, with the metric and unit as the record gives them."""
    arrow = view.axis.rsplit(", ", 1)[1]
    name, unit = printable(view.score.metric), f"[{printable(view.score.unit)}]"
    return name + (" " if len(name + unit) < 32 else "\n") + f"{unit}\n{arrow}"


def limits(
    curves: Sequence[Curve], better: Better, attainable: float | None = None
) -> tuple[float, float] | None:
    """The range of all but the worst 3 % of the medians, and of the `attainable` score.

    One exploding cell must not flatten the rest. None if no median is finite.
    """
    values = np.concatenate([bands[1] for _, bands in curves])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    low, high = np.quantile(values, [0.0, 0.97] if better == "lower" else [0.03, 1.0])
    if attainable is not None:
        low, high = min(low, attainable), max(high, attainable)
    return float(low), float(high)


def is_wide(low: float, high: float) -> bool:
    """Whether scores span so much that they need a logarithmic axis."""
    return low > 0 and high / low > LOG_RATIO
