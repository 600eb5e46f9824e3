"""Learning curves of one strategy on all its tasks: a small SVG, written by hand.

Each panel has a scale of its own, which shared panels cannot have; a figure of matplotlib for every
strategy would take longer than the rest of the report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from bench.report.contrasts import Contrast
from bench.report.curves import Curve, is_wide, limits, quartiles
from bench.report.stats import Floats
from bench.report.tables import number

WIDTH, HEIGHT, GAP, TOP, COLUMNS = 220, 96, 18, 34, 4
"""The size of a panel's frame, the room around it, and panels in a row."""
STYLE = (
    "text{font:11px sans-serif;fill:#1f2937}.s{fill:#5b6472;font-size:9px}"
    ".b{stroke:#6b7280;stroke-dasharray:4 2}.w{stroke:#0072b2}.b,.w{fill:none;stroke-width:1.6}"
    ".m{fill:#0072b2;opacity:.22}.f{fill:none;stroke:#d1d5db}.g{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e8ec}.s{fill:#a2abb8}.b{stroke:#a2abb8}"
    ".w{stroke:#7cc4ff}.m{fill:#7cc4ff}.f{stroke:#333a45}.g{fill:#14171c}}"
)


def strategy_curves(found: Sequence[Contrast]) -> tuple[str, int, int]:
    """SVG with a panel per contrast, its width and its height.

    The line is the median over seeds with the middle half as a band, the dashed one the base's
    median.
    """
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    width = columns * (WIDTH + GAP) + GAP
    height = rows * (HEIGHT + TOP + GAP)
    parts = [
        _panel(
            one,
            GAP + index % columns * (WIDTH + GAP),
            TOP + index // columns * (HEIGHT + TOP + GAP),
        )
        for index, one in enumerate(found)
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><style>{STYLE}</style>'
        f'<rect class="g" width="{width}" height="{height}"/>{"".join(parts)}</svg>\n'
    )
    return svg, width, height


def _panel(one: Contrast, left: int, top: int) -> str:
    curves = [quartiles(one.cell.record)]
    if one.ground is not None:
        curves.append(quartiles(one.ground.record))
    title = f"{one.view.name}, {one.cell.record.cell}"
    arrow = "↑" if one.view.score.better == "higher" else "↓"
    head = f'<text x="{left}" y="{top - 18}">{escape(_cut(title, 36))}</text>'
    frame = f'<rect class="f" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}"/>'
    found = limits(curves, one.view.score.better)
    if found is None:
        return f'{head}<text class="s" x="{left}" y="{top - 6}">no finite score</text>{frame}'
    what = f"{one.view.score.metric} {arrow}, {number(found[0])} to {number(found[1])}"
    label = f'<text class="s" x="{left}" y="{top - 6}">{escape(_cut(what, 48))}</text>'
    scale = _Scale((left, top), _ends(curves), found)
    lines = [scale.band(curves[0]), *(scale.line(c, n) for c, n in zip(curves, "wb", strict=False))]
    return head + label + frame + "".join(lines)


def _ends(curves: Sequence[Curve]) -> tuple[float, float]:
    steps = np.concatenate([steps for steps, _ in curves])
    return float(steps.min()), float(steps.max())


def _cut(text: str, length: int) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= length else clean[: length - 1] + "…"


class _Scale:
    """From steps and scores to places in a panel; scores are cut off at its edge."""

    def __init__(
        self, corner: tuple[int, int], steps: tuple[float, float], scores: tuple[float, float]
    ) -> None:
        self.left, self.top = corner
        self.first, self.span = steps[0], max(steps[1] - steps[0], 1e-9)
        self.log = is_wide(*scores)
        self.low, self.high = map(math.log, scores) if self.log else scores

    def points(self, steps: Floats, values: Floats) -> list[str]:
        """Pairs "x,y" of the finite values."""
        kept = np.isfinite(values)
        steps, values = steps[kept], values[kept]
        if self.log:
            values = np.log(np.maximum(values, 1e-300))
        share = (values - self.low) / max(self.high - self.low, 1e-9)
        x = self.left + WIDTH * (steps - self.first) / self.span
        y = self.top + HEIGHT * (1.0 - np.clip(share, -0.02, 1.02))
        return [f"{a:.0f},{b:.1f}" for a, b in zip(x, y, strict=True)]

    def line(self, curve: Curve, name: str) -> str:
        """The median; a line of one evaluation is a short stroke."""
        found = self.points(curve[0], curve[1][1])
        return f'<polyline class="{name}" points="{" ".join(found)}"/>' if found else ""

    def band(self, curve: Curve) -> str:
        """The middle half, where both ends are finite."""
        steps, (low, _, high) = curve
        kept = np.isfinite(low) & np.isfinite(high)
        around = [*self.points(steps[kept], low[kept]), *self.points(steps[kept], high[kept])[::-1]]
        return f'<polygon class="m" points="{" ".join(around)}"/>' if around else ""
