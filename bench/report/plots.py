"""The figure of findings: the effect in GANs against the effect in RL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from bench.report import stats
from bench.report.cells import short
from bench.report.findings import DOMAINS, Finding
from bench.report.style import (
    INK,
    MUTED,
    RULE,
    VERDICT_STYLE,
    Drawing,
    drawing,
    printable,
    styled,
)
from bench.report.verdicts import EPS, VERDICTS

LABEL_SIZE = 8.5
SHIFTS = [
    (radius * math.cos(angle), radius * math.sin(angle))
    for radius in (10, 14, 22, 32, 44, 58, 74, 92, 112, 134)
    for angle in np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)
]
"""Candidate offsets of a label from its mark, in points: the nearest first."""
PASSES = 6
"""How often every label is placed anew beside the others."""
AREA_LINE: dict[str, Any] = {"lw": 0.9, "alpha": 0.5, "ls": (0, (1, 1)), "zorder": 2}
AREA_MARK: dict[str, Any] = {"ms": 4.5, "alpha": 0.5, "mew": 0, "zorder": 2}


@dataclass(frozen=True)
class Mark:
    """A point of the scatter with its label."""

    gan: stats.Effect
    rl: stats.Effect
    text: str
    area: tuple[float, float] | None = None  # where the effects by area are

    @property
    def x(self) -> float:
        """The effect in GANs."""
        return self.gan.value

    @property
    def y(self) -> float:
        """The effect in RL."""
        return self.rl.value

    @property
    def lines(self) -> list[list[tuple[float, float]]]:
        """Both error bars, as their end points, and the mark by area."""
        across = [(self.gan.low, self.y), (self.gan.high, self.y)]
        up = [(self.x, self.rl.low), (self.x, self.rl.high)]
        return [across, up, *([[self.area] * 2] if self.area else [])]


def effect_scatter(findings: Sequence[Finding]) -> Drawing | None:
    """GAN effect (x) against RL effect (y) with intervals; None if no row has both.

    The effect by area is a lighter mark, tied to that by final score by a thin line.
    """
    rows = [f for f in findings if all(part.effect for part in f.domains.values())]
    if not rows:
        return None
    with styled():
        side = 5.6 * min(1.6, max(1.0, math.sqrt(len(rows) / 15)))  # inches; a label has its room
        figure = Figure(figsize=(side, side + 0.3), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _quadrants(axes)
        points = []
        for finding in rows:
            gan, rl = finding.domains["gan"].effect, finding.domains["rl"].effect
            if gan is None or rl is None:
                continue
            colour, marker = VERDICT_STYLE[finding.verdict]
            hollow = finding.verdict == "undetermined" or finding.expected is not None
            axes.errorbar(
                gan.value,
                rl.value,
                xerr=[[max(0.0, gan.value - gan.low)], [max(0.0, gan.high - gan.value)]],
                yerr=[[max(0.0, rl.value - rl.low)], [max(0.0, rl.high - rl.value)]],
                fmt=marker,
                color=colour,
                mfc="white" if hollow else colour,
                ms=7,
                mew=1.4,
                elinewidth=0.8,
                ecolor=(colour, 0.55),
                zorder=3,
            )
            mark = Mark(gan, rl, printable(short(finding.label), 36), _by_area(finding))
            points.append(mark)
            _area_mark(axes, mark, colour, marker)
        _legend(axes, rows)
        canvas.draw()  # fixes the layout, which label placement depends on
        figure.set_layout_engine("none")
        _place_labels(axes, points, canvas)
        return drawing(figure, _places_of(axes, rows))


def _places_of(axes: Axes, rows: Sequence[Finding]) -> tuple[tuple[str, float, float], ...]:
    """Where the mark of every row is: its label, and percent from the left and from the top."""
    found = []
    for row in rows:
        gan, rl = row.domains["gan"].effect, row.domains["rl"].effect
        if gan is not None and rl is not None:
            across, up = axes.transData.transform((gan.value, rl.value)) / axes.figure.bbox.size
            found.append((row.label, 100.0 * float(across), 100.0 - 100.0 * float(up)))
    return tuple(found)


def _quadrants(axes: Axes) -> None:
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), aspect="equal")
    low, width = 0.5 - EPS, 2.0 * EPS
    axes.axvspan(low, low + width, color="#F3F4F6", zorder=0, lw=0)
    axes.axhspan(low, low + width, color="#F3F4F6", zorder=0, lw=0)
    axes.axvline(0.5, color=RULE, lw=1, zorder=1)
    axes.axhline(0.5, color=RULE, lw=1, zorder=1)
    for x, y, text in (
        (1.03, 1.03, "helps both"),
        (-0.03, 1.03, "helps RL, hurts GAN"),
        (1.03, -0.03, "helps GAN, hurts RL"),
        (-0.03, -0.03, "hurts both"),
    ):
        sides: dict[str, Any] = {
            "ha": "right" if x > 0.5 else "left",
            "va": "top" if y > 0.5 else "bottom",
        }
        axes.text(x, y, text, color=MUTED, fontsize=8.5, style="italic", zorder=1, **sides)
    axes.set_xlabel("GAN effect: P(better than base), 0.5 = no effect, higher is better →")
    axes.set_ylabel("RL effect: P(better than base), 0.5 = no effect, higher is better →")


def _by_area(finding: Finding) -> tuple[float, float] | None:
    """The effects by area in GANs and in RL, if there are both."""
    gan, rl = (finding.domains[domain].area for domain in DOMAINS)
    return (gan.value, rl.value) if gan and rl else None


def _area_mark(axes: Axes, mark: Mark, colour: str, marker: str) -> None:
    """A mark where the effects by area are, with a line from those by final score."""
    if mark.area:
        axes.plot(*zip((mark.x, mark.y), mark.area, strict=True), color=colour, **AREA_LINE)
        axes.plot(*mark.area, marker=marker, color=colour, **AREA_MARK)


def _legend(axes: Axes, findings: Sequence[Finding]) -> None:
    """The verdicts that are shown, and the mark of the effect by area."""
    shown = {finding.verdict for finding in findings}
    handles = []
    for name in VERDICTS:
        if name in shown:
            colour, marker = VERDICT_STYLE[name]
            face = "white" if name == "undetermined" else colour
            handles.append(
                Line2D([], [], ls="", marker=marker, color=colour, mfc=face, ms=6.5, label=name)
            )
    if any(_by_area(finding) for finding in findings):
        style = {**AREA_LINE, **AREA_MARK, "color": MUTED, "marker": "o"}
        handles.append(Line2D([], [], label="by area", **style))
    axes.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False
    )


def _place_labels(axes: Axes, points: Sequence[Mark], canvas: FigureCanvasAgg) -> None:
    """Put each label where it overlaps least with marks, other labels and error bars."""
    renderer = canvas.get_renderer()
    to_pixels = axes.transData.transform
    points = sorted(points, key=lambda mark: (-mark.y, mark.x, mark.text))
    boxes = []
    for mark in points:
        probe = axes.text(0, 0, mark.text, fontsize=LABEL_SIZE)
        size = probe.get_window_extent(renderer).size
        probe.remove()
        boxes.append(_places(to_pixels((mark.x, mark.y)), size, axes.figure.dpi / 72.0))
    taken = [_around(to_pixels((mark.x, mark.y)), 8.0) for mark in points]
    taken += [text.get_window_extent(renderer).extents for text in axes.texts]
    lines = [to_pixels(line).ravel() for mark in points for line in mark.lines]
    inside = axes.get_window_extent(renderer).extents
    distance = np.hypot(*np.array(SHIFTS).T)
    fixed = [
        distance / 25.0
        + 20.0 * ((box[:, :2] < inside[:2]) | (box[:, 2:] > inside[2:])).any(axis=1)
        + 10.0 * _overlaps(box, np.array(taken))
        + _overlaps(box, np.array(lines))
        for box in boxes
    ]
    chosen: dict[int, int] = {}
    for number in PASSES * list(range(len(points))):  # first beside those before, then beside all
        others = [boxes[other][place] for other, place in chosen.items() if other != number]
        covered = _overlaps(boxes[number], np.array(others).reshape(-1, 4))
        chosen[number] = int((fixed[number] + 10.0 * covered).argmin())
    for number, mark in enumerate(points):
        _label(axes, mark, SHIFTS[chosen[number]])


def _places(point: Any, size: Any, scale: float) -> Any:
    """Candidate boxes [shifts, 4] of a label of `size` around a point, as x0, y0, x1, y1."""
    low = point + scale * np.array(SHIFTS) - [0.0, size[1] / 2]
    low[:, 0] -= [{"left": 0.0, "center": 0.5, "right": 1.0}[_side(s)] * size[0] for s in SHIFTS]
    return np.hstack([low, low + size])


def _overlaps(boxes: Any, others: Any) -> Any:
    """How many of the other boxes [M, 4], or lines, each of the boxes [N, 4] touches."""
    boxes = boxes[:, None]
    low = np.maximum(boxes[..., :2], others[:, :2])
    return (low <= np.minimum(boxes[..., 2:], others[:, 2:])).all(axis=-1).sum(axis=1)


def _side(shift: tuple[float, float]) -> Literal["left", "center", "right"]:
    return "left" if shift[0] > 1 else "right" if shift[0] < -1 else "center"


def _label(axes: Axes, mark: Mark, shift: tuple[float, float]) -> None:
    """A label with a white edge, and a thin line back to its mark if it had to move far."""
    far = math.hypot(*shift) > 15
    axes.annotate(
        mark.text,
        (mark.x, mark.y),
        xytext=shift,
        textcoords="offset points",
        ha=_side(shift),
        va="center",
        fontsize=LABEL_SIZE,
        color=INK,
        zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
        arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.6, "shrinkB": 4} if far else None,
    )


def _around(point: Any, size: float) -> Any:
    return np.concatenate([point - size, point + size])
