"""Samples of trained cells: images and points, decoded and drawn."""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.records.record import Artefact
from bench.report.cells import CellResult, TaskView
from bench.report.style import ACCENT, MUTED, RULE, png, printable, styled

IMAGES_PER_SIDE = 5


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


def samples(view: TaskView, base: str, play: str = "") -> bytes | None:
    """PNG with the samples of every cell on a base, the base first; None if there are none."""
    drawn = [
        (cell, artefact.kind, array)
        for key, cell in view.shown.items()
        if key[:2] == (base, play)
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
            title = printable(cell.title or base, 30)
            axes.set_title(title if status == "ok" else f"{title}\n({status})", fontsize=8.5, y=1.0)
        for axes in list(grid.flat)[len(drawn) :]:
            axes.set_visible(False)
        return png(figure)


def _first(cell: CellResult) -> list[Artefact]:
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
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
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
