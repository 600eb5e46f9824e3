"""The scatter of a whole catalogue: every label can be read."""

from itertools import combinations
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from matplotlib.text import Text

from bench.experiment import registry
from bench.report import plots
from bench.report.findings import DomainFinding, Finding


def finding(label: str, gan: float, rl: float) -> Finding:
    """A row with the given effects, each in an interval of 0.3 around it."""
    effects = [
        SimpleNamespace(value=value, low=max(0.0, value - 0.15), high=min(1.0, value + 0.15))
        for value in (gan, rl)
    ]
    domains = {
        name: DomainFinding(state="undetermined", effect=effect)
        for name, effect in zip(("gan", "rl"), effects, strict=True)
    }
    return Finding("bare", label, label, None, domains, "undetermined", "preliminary")


@pytest.mark.parametrize("draw", range(3))
def test_labels_of_a_whole_catalogue_lie_apart(draw):
    """A fifth of the catalogue hurts both domains and lies in one corner; the rest is anywhere."""
    names = [name for name, entry in registry.strategies().items() if entry.home != "control"]
    rng = np.random.default_rng(draw)
    places = rng.uniform(0.0, 0.7, (len(names), 2))
    places[: len(names) // 5] *= [0.2, 0.02]
    rows = [finding(name, *place) for name, place in zip(names, places, strict=True)]
    with mock.patch.object(plots, "drawing", side_effect=lambda figure, marks: figure):
        figure = plots.effect_scatter(rows)
    axes = figure.axes[0]
    figure.canvas.draw()  # moves annotations to where they point from
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    shown = {text.get_text(): text for text in axes.texts if text.get_text() in names}
    assert set(shown) == set(names)
    # The words alone: to an annotation's own extent its line belongs too.
    boxes = {name: Text.get_window_extent(text, renderer) for name, text in shown.items()}
    for name, box in boxes.items():
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1, name
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1, name
    marks = axes.transData.transform(places)
    for name, box in boxes.items():
        assert not any(box.contains(*mark) for mark in marks), name
    for one, other in combinations(names, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
