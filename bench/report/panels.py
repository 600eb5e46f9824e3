"""Small multiples: a grid of panels that share both scales.

A panel is a dozen artists in a figure. One `Axes` of matplotlib costs ten times as much, mostly for
ticks that only the panels at the edge label; shared axes take a time quadratic in their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.cbook import contiguous_regions
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.text import Text
from matplotlib.ticker import Locator, LogLocator, ScalarFormatter
from matplotlib.transforms import Affine2D, Bbox, ScaledTranslation, Transform, TransformedBbox

from bench.report.stats import Floats
from bench.report.style import INK, MUTED, RULE

COLUMNS = 4
LEFT, RIGHT, TOP, BOTTOM = 1.2, 0.15, 0.62, 0.55
GAP, TITLE = 0.16, 0.36
"""Margins of a figure, and the room between panels, in inches."""
TICK_SIZES = {"major": (3.5, 0.8), "minor": (2.0, 0.6)}
"""Length and width of ticks in points."""
LABEL_PAD, TITLE_PAD = 7.0, 6.0
FONT_SIZE = 9.0
LARGE = 1e6
"""Ticks of larger numbers have exponents."""


@dataclass(frozen=True)
class AxisScale:
    """The range of an axis, its ticks, and where values lie in it."""

    low: float
    high: float
    ticks: Floats
    labels: Sequence[str]
    minor: Floats = field(default_factory=lambda: np.empty(0))
    log: bool = False

    @classmethod
    def linear(cls, low: float, high: float, locator: Locator, form: str = "") -> AxisScale:
        """Ticks where the locator puts them, labelled in the format `form` or with equal digits."""
        ticks = np.asarray(locator.tick_values(low, high))
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if max(abs(low), abs(high)) >= LARGE:
            form = ".3g"
        if form:
            return cls(low, high, ticks, [format(tick, form) for tick in ticks])
        formatter = ScalarFormatter(useOffset=False)
        formatter.set_scientific(False)
        formatter.create_dummy_axis()
        formatter.axis.set_view_interval(low, high)  # type: ignore[union-attr]
        return cls(low, high, ticks, formatter.format_ticks(list(ticks)))

    @classmethod
    def logarithmic(cls, low: float, high: float) -> AxisScale:
        """Ticks at powers of ten and, without labels, between them."""
        major, minor = (
            np.asarray(LogLocator(subs=subs, numticks=6).tick_values(low, high))
            for subs in ((1.0,), None)
        )
        major, minor = (ticks[(ticks >= low) & (ticks <= high)] for ticks in (major, minor))
        return cls(low, high, major, [f"{tick:g}" for tick in major], minor, log=True)

    def place(self, values: Floats) -> Floats:
        """0 at the low end, 1 at the high end."""
        if not self.log:
            return np.asarray((values - self.low) / (self.high - self.low))
        low, high = np.log10(self.low), np.log10(self.high)
        return np.asarray((np.log10(np.maximum(values, 1e-300)) - low) / (high - low))


class Panel:
    """One frame, with lines and bands clipped to it."""

    def __init__(self, figure: Figure, box: Bbox, x: AxisScale, y: AxisScale) -> None:
        self.figure, self.x, self.y = figure, x, y
        self.inside: Transform = (
            Affine2D().scale(box.width, box.height).translate(box.x0, box.y0)
            + figure.dpi_scale_trans
        )
        self.clip = TransformedBbox(Bbox.unit(), self.inside)

    def line(self, xs: Floats, ys: Floats, **style: Any) -> None:
        """A line; it is interrupted where a value is not finite."""
        self._add(Line2D(self.x.place(xs), self.y.place(ys), **style))

    def band(self, xs: Floats, low: Floats, high: Floats, **style: Any) -> None:
        """The area between two lines, where both are finite."""
        whole = contiguous_regions(np.isfinite(low) & np.isfinite(high))
        x, bottom, top = self.x.place(xs), self.y.place(low), self.y.place(high)
        parts = [
            np.column_stack([np.r_[x[a:b], x[a:b][::-1]], np.r_[bottom[a:b], top[a:b][::-1]]])
            for a, b in whole
        ]
        self._add(PolyCollection(parts, lw=0, **style))

    def title(self, text: str) -> None:
        """A title above the panel, at its left."""
        self._text(text, (0, 1), (0, TITLE_PAD), color=INK, va="baseline")

    def labels(self, *, x: bool, y: bool) -> None:
        """Labels of the ticks."""
        style: dict[str, Any] = {"color": MUTED}
        for place, label in zip(self.x.place(self.x.ticks), self.x.labels, strict=True):
            if x:
                self._text(label, (place, 0), (0, -LABEL_PAD), ha="center", va="top", **style)
        for place, label in zip(self.y.place(self.y.ticks), self.y.labels, strict=True):
            if y:
                self._text(
                    label, (0, place), (-LABEL_PAD, 0), ha="right", va="center_baseline", **style
                )

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self.inside)
        artist.set_clip_box(self.clip)
        self.figure.add_artist(artist)

    def _text(
        self, text: str, at: tuple[float, float], points: tuple[float, float], **style: Any
    ) -> None:
        """Text at a place in the panel, moved by `points`."""
        shift = ScaledTranslation(points[0] / 72, points[1] / 72, self.figure.dpi_scale_trans)
        self.figure.add_artist(
            Text(*at, text, transform=self.inside + shift, fontsize=FONT_SIZE, **style)
        )


def panels(
    count: int, x: AxisScale, y: AxisScale, *, width: float, height: float
) -> tuple[Figure, list[Panel]]:
    """A figure with `count` panels of `width` by `height` inches or more, four in a row at most.

    Ticks are labelled at the left and at the bottom.
    """
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    width = max(width, 5.0 / columns)
    across = LEFT + columns * width + (columns - 1) * GAP + RIGHT
    up = BOTTOM + rows * height + (rows - 1) * TITLE + TOP
    figure = Figure(figsize=(across, up))
    boxes = []
    for index in range(count):
        row, column = divmod(index, columns)
        left, top = LEFT + column * (width + GAP), up - TOP - row * (height + TITLE)
        boxes.append(Bbox.from_bounds(left, top - height, width, height))
    _frames(figure, boxes, x, y)
    made = []
    for index, box in enumerate(boxes):
        panel = Panel(figure, box, x, y)
        panel.labels(x=index + columns >= count, y=index % columns == 0)
        made.append(panel)
    return figure, made


def _frames(figure: Figure, boxes: Sequence[Bbox], x: AxisScale, y: AxisScale) -> None:
    """The left and the lower edge of all boxes with their ticks, as few artists."""
    inches = figure.dpi_scale_trans
    edges = [edge for b in boxes for edge in ((b.p0, (b.x0, b.y1)), (b.p0, (b.x1, b.y0)))]
    style: dict[str, Any] = {"color": RULE, "lw": 0.8, "capstyle": "projecting"}
    figure.add_artist(LineCollection(edges, transform=inches, zorder=2.5, **style))
    for kind, (size, width) in TICK_SIZES.items():
        for scale, marker in ((x, TICKDOWN), (y, TICKLEFT)):
            places = scale.place(scale.ticks if kind == "major" else scale.minor)
            unit = (places, 0 * places) if scale is x else (0 * places, places)
            xs = np.concatenate([b.x0 + b.width * unit[0] for b in boxes])
            ys = np.concatenate([b.y0 + b.height * unit[1] for b in boxes])
            style = {"marker": marker, "ms": size, "mew": width, "color": MUTED, "zorder": 2.01}
            figure.add_artist(Line2D(xs, ys, ls="", transform=inches, **style))


def axis_titles(figure: Figure, x: str, y: str) -> None:
    """What the scales of all panels are."""
    width, height = figure.get_size_inches()
    figure.supxlabel(x, fontsize=9, y=0.1 / height)
    figure.supylabel(y, fontsize=8.5, x=0.05 / width)


def widened(low: float, high: float, share: float) -> tuple[float, float]:
    """The range with a margin of this share at both ends, and never empty."""
    margin = share * (high - low) or 0.05 * abs(low) or 0.05
    return low - margin, high + margin
