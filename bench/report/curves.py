"""Figures of one task: learning curves as small multiples, and samples of every cell."""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from bench.records.record import Artefact, Record, Scale
from bench.report.findings import Cell, Study, TaskView, control_verdict
from bench.report.stats import Better, Floats
from bench.report.style import ACCENT, BASE_GREY, INK, MUTED, RULE, png, printable, styled

COLUMNS = 4
IMAGES_PER_SIDE = 5
BASE_COLOURS = {"bare": BASE_GREY, "reference": ACCENT}
LOG_RATIO = 30.0
"""Positive scores that span more than this are drawn on a logarithmic axis."""


def quartiles(record: Record) -> tuple[Floats, Floats]:
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


def learning_curves(view: TaskView, base: str) -> bytes:
    """PNG with a panel per strategy: its median and middle half of seeds, the base's in grey."""
    cells = [c for (where, label), c in view.cells.items() if where == base and label]
    cells.sort(key=lambda c: (control_verdict(c.record.strategy or "") is not None, c.label))
    ground = view.cells.get((base, ""))
    if not cells and ground:
        cells = [ground]
    columns = min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    with styled():
        figure, grid = panels(rows, columns, width=max(2.4, 5.0 / columns), height=1.55)
        shown = [quartiles(cell.record) for cell in [*cells, *([ground] if ground else [])]]
        for axes, cell in zip(grid.flat, cells, strict=False):
            if ground is not None and cell is not ground:
                _band(axes, ground.record, BASE_GREY, 0.30, 1.2)
            _band(axes, cell.record, ACCENT, 0.28, 1.6)
            failed = f"  ({cell.failures}/{len(cell.record.seeds)} failed)" if cell.failures else ""
            sign = "without " if cell.record.contrast == "removed" else ""
            axes.set_title(sign + printable(cell.label or base, 26) + failed, loc="left", color=INK)
        for index, axes in enumerate(grid.flat):
            axes.set_visible(index < len(cells))
            last_of_column = index + columns >= len(cells)
            axes.tick_params(labelbottom=last_of_column, labelleft=index % columns == 0)
        _scale(grid[0, 0], shown, view.score.better)
        figure.supxlabel(
            f"{printable(view.score.step_unit)}s", fontsize=9, y=0.1 / size_of(figure)[1]
        )
        figure.supylabel(printable_axis(view), fontsize=8.5, x=0.05 / size_of(figure)[0])
        handles = [
            Line2D([], [], color=ACCENT, lw=1.6, label="with the change: median"),
            Line2D([], [], color=BASE_GREY, lw=1.2, label=f"base ({printable(base)}): median"),
            Patch(color="#E5E7EB", label="middle half of the seeds"),
        ]
        figure.legend(handles=handles, loc="upper left", ncols=3, frameon=False, fontsize=8)
        return png(figure)


def base_curves(study: Study) -> bytes | None:
    """PNG with a panel per task: how its bases learn, and the high anchor; None without bases."""
    views = [view for view in study.tasks if any(not label for _, label in view.cells)]
    if not views:
        return None
    columns = min(3, len(views))
    rows = -(-len(views) // columns)
    with styled():
        figure = Figure(figsize=(3.0 * columns, 1.95 * rows + 0.3), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, view in zip(grid.flat, views, strict=False):
            shown = []
            for (base, label), cell in view.cells.items():
                if not label:
                    _band(axes, cell.record, BASE_COLOURS.get(base, INK), 0.22, 1.6)
                    shown.append(quartiles(cell.record))
            if view.score.anchors:
                axes.axhline(view.score.anchors.high, color=MUTED, lw=0.8, ls=":")
            _scale(axes, shown, view.score.better, view.score.anchors)
            arrow = "↑" if view.score.better == "higher" else "↓"
            title = f"{printable(view.name, 26)}: {printable(view.score.metric)} {arrow}"
            axes.set_title(title, loc="left", color=INK)
            axes.set_xlabel(f"{printable(view.score.step_unit)}s", fontsize=8)
        for axes in list(grid.flat)[len(views) :]:
            axes.set_visible(False)
        handles: list[Line2D | Patch] = [
            Line2D([], [], color=BASE_COLOURS.get(base, INK), lw=1.6, label=f"{base}: median")
            for base in study.bases
        ]
        handles += [
            Patch(color="#E5E7EB", label="middle half of the seeds"),
            Line2D([], [], color=MUTED, lw=0.8, ls=":", label="known to be attainable"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
        return png(figure)


def panels(rows: int, columns: int, *, width: float, height: float) -> tuple[Figure, np.ndarray]:
    """A grid of axes that share their ranges, each `width` by `height` inches.

    The margins are counted out by hand: matplotlib's layout engine needs seconds for 30 panels.
    """
    left, right, top, bottom, gap, title = 1.2, 0.15, 0.62, 0.55, 0.16, 0.36
    total = (
        left + columns * width + (columns - 1) * gap + right,
        bottom + rows * height + (rows - 1) * title + top,
    )
    figure = Figure(figsize=total)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(
        left=left / total[0],
        right=1.0 - right / total[0],
        bottom=bottom / total[1],
        top=1.0 - top / total[1],
        wspace=gap / width,
        hspace=title / height,
    )
    return figure, grid


def size_of(figure: Figure) -> tuple[float, float]:
    """Width and height in inches."""
    width, height = figure.get_size_inches()
    return float(width), float(height)


def printable_axis(view: TaskView) -> str:
    """The score's axis label, with the metric and unit as the record gives them."""
    arrow = view.axis.rsplit(", ", 1)[1]
    name, unit = printable(view.score.metric), f"[{printable(view.score.unit)}]"
    return name + (" " if len(name + unit) < 32 else "\n") + f"{unit}\n{arrow}"


def _band(axes: Axes, record: Record, colour: str, alpha: float, width: float) -> None:
    steps, (low, middle, high) = quartiles(record)
    both = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(steps, low, high, where=both, color=colour, alpha=alpha, lw=0)
    marker = "." if len(steps) < 3 else None
    axes.plot(steps, middle, color=colour, lw=width, marker=marker)


def _scale(
    axes: Axes,
    shown: list[tuple[Floats, Floats]],
    better: Better,
    anchors: Scale | None = None,
) -> None:
    """A range for all but the worst medians, and for the high anchor: one exploding cell must not
    flatten the rest."""
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    values = np.concatenate([bands[1] for _, bands in shown])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return
    low, high = np.quantile(values, [0.0, 0.97] if better == "lower" else [0.03, 1.0])
    if anchors is not None:
        low, high = min(low, anchors.high), max(high, anchors.high)
    if low > 0 and high / low > LOG_RATIO:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.5, high * 1.5)
        # The usual labels of a logarithmic axis are formulas, which the style leaves unparsed.
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif high > low:
        margin = 0.12 * (high - low)
        axes.set_ylim(low - margin, high + margin)
        axes.yaxis.set_major_locator(MaxNLocator(4))


def decode(artefact: Artefact) -> np.ndarray | None:
    """The array of an artefact, or None if its bytes do not fit its shape."""
    try:
        raw = base64.b64decode(artefact.data, validate=True)
        if any(side < 1 for side in artefact.shape):
            return None
        return np.frombuffer(raw, dtype=artefact.dtype).reshape(artefact.shape)
    except (ValueError, binascii.Error):
        return None


def image_grid(images: np.ndarray) -> np.ndarray | None:
    """One picture [rows, columns] or [rows, columns, 3] of up to 25 images with gaps between.

    Takes images [N, H, W], [N, H, W, C] or [N, C, H, W] with one or three colours.
    """
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] != 3):
        return None
    side = min(IMAGES_PER_SIDE, math.isqrt(len(images)) or 1)
    height, width, *colours = images.shape[1:]
    page = np.full((side * (height + 1) - 1, side * (width + 1) - 1, *colours), 255, np.uint8)
    for index, image in enumerate(images[: side * side]):
        top, left = (index // side) * (height + 1), (index % side) * (width + 1)
        page[top : top + height, left : left + width] = image
    return page


def samples(view: TaskView, base: str) -> bytes | None:
    """PNG with the samples of every cell on a base, the base first; None if there are none."""
    drawn = [
        (cell, artefact.kind, array)
        for (where, _), cell in view.cells.items()
        if where == base
        for artefact in _first(cell)
        if (array := decode(artefact)) is not None and array.ndim >= 2
    ]
    if not drawn:
        return None
    columns = min(5, len(drawn))
    rows = -(-len(drawn) // columns)
    with styled():
        width, height = 2.05 * columns + 0.05, 2.4 * rows
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(rows, columns, squeeze=False)
        figure.subplots_adjust(
            left=0.05 / width,
            right=1.0 - 0.05 / width,
            bottom=0.05 / height,
            top=1.0 - 0.4 / height,
            wspace=0.05,
            hspace=0.2,
        )
        limits = point_limits([array for _, kind, array in drawn if kind == "points"])
        for axes, (cell, kind, array) in zip(grid.flat, drawn, strict=False):
            draw_samples(axes, kind, array, limits)
            status = cell.record.seeds[0].status
            sign = "without " if cell.record.contrast == "removed" else ""
            title = sign + printable(cell.label or base, 26)
            axes.set_title(title if status == "ok" else f"{title}\n({status})", fontsize=8.5)
        for axes in list(grid.flat)[len(drawn) :]:
            axes.set_visible(False)
        return png(figure)


def _first(cell: Cell) -> list[Artefact]:
    """The cell's first artefact by name, in a list of at most one."""
    return [cell.record.artefacts[name] for name in sorted(cell.record.artefacts)[:1]]


def point_limits(arrays: list[np.ndarray]) -> tuple[float, float]:
    """One square range for all scatters, without the outermost percent of the points."""
    finite = [array[np.isfinite(array)] for array in arrays]
    values = np.concatenate([np.zeros(1), *finite])
    reach = 1.15 * float(np.quantile(np.abs(values), 0.99))
    return (-reach, reach) if reach > 0 else (-1.0, 1.0)


def draw_samples(axes: Axes, kind: str, array: np.ndarray, limits: tuple[float, float]) -> None:
    """A grid of images, or a scatter of points [N, D] within `limits` in both coordinates."""
    axes.set_xticks([])
    axes.set_yticks([])
    if kind == "images":
        page = image_grid(array)
        if page is None:
            axes.text(0.5, 0.5, "shape not understood", ha="center", transform=axes.transAxes)
            return
        axes.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.spines[:].set_visible(False)
        return
    flat = array.reshape(len(array), -1).astype(float)
    flat = flat[np.isfinite(flat).all(axis=1)]
    axes.spines[:].set_visible(True)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.axhline(0.0, color=RULE, lw=0.6, zorder=0)
    axes.axvline(0.0, color=RULE, lw=0.6, zorder=0)
    size = f"axes: 0 ± {limits[1]:.2g}"
    axes.text(0.03, 0.03, size, transform=axes.transAxes, fontsize=6.5, color=MUTED)
    if flat.shape[1] == 1:
        axes.plot(flat[:, 0], np.zeros(len(flat)), "|", color=ACCENT, ms=14)
    else:
        axes.scatter(flat[:, 0], flat[:, 1], s=3, color=ACCENT, alpha=0.35, lw=0)
