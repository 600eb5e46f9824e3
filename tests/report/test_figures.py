"""Figures of tasks: curves, panels and samples."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from matplotlib.ticker import MaxNLocator
from PIL import Image

from bench.records.record import Artefact
from bench.report import curves, findings, samples
from bench.report.pages import build_report
from bench.report.panels import AxisScale, panels
from bench.report.style import png, styled
from tests.support.factories import artefact, make_record


def test_quartiles_of_a_curve():
    record = make_record(scores=[1.0, 2.0, 3.0, 4.0, None], points=3)
    steps, (low, middle, high) = curves.quartiles(record)
    assert steps.tolist() == [0.0, 100.0, 200.0]
    assert (low[-1], middle[-1], high[-1]) == (2.0, 3.0, 4.0)
    _, (_, lost, _) = curves.quartiles(make_record(scores=[1.0, None, None], points=3))
    assert math.isnan(lost[-1])
    assert lost[0] == 4.0


@pytest.mark.parametrize(
    ("shape", "page"),
    [
        ((30, 8, 8), (44, 44)),
        ((4, 8, 8, 1), (17, 17)),
        ((4, 3, 8, 6), (17, 13, 3)),
        ((1, 8, 8, 3), (8, 8, 3)),
        ((4, 8, 8, 5), None),
        ((7,), None),
    ],
)
def test_image_grids(shape, page):
    made = samples.image_grid(np.zeros(shape, np.uint8))
    assert (None if made is None else made.shape) == page


def test_broken_artefacts_are_left_out():
    good = Artefact(**artefact(np.ones((2, 2), np.float32), "points"))
    assert samples.decode(good).tolist() == [[1, 1], [1, 1]]
    for change in ({"shape": [3, 2]}, {"data": "not base64!"}, {"shape": [0, 2]}, {"shape": [-1]}):
        assert samples.decode(good.model_copy(update=change)) is None


def test_the_bases_learning_curves_are_a_figure_of_their_own(tmp_path):
    records = [
        make_record(task=task, domain=domain, base=base, scores=(0.1, 0.2, 0.4))
        for task, domain in (("ring8", "gan"), ("lqr", "rl"))
        for base in ("bare", "reference")
    ]
    written = build_report(records, tmp_path, None)
    assert tmp_path / "figures" / "bases.png" in written
    assert curves.base_curves(findings.study(records[:1])) is not None
    assert curves.base_curves(findings.study([make_record(strategy="r1")])) is None


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.1, 1.1, ["0.0", "0.5", "1.0"]),
        (-5.0, 25.0, ["0", "10", "20"]),
        (0.0, 3.5e30, ["0", "1.5e+30", "3e+30"]),
    ],
)
def test_ticks_have_short_labels_at_their_places(low, high, labels):
    scale = AxisScale.linear(low, high, MaxNLocator(3))
    assert list(scale.labels) == labels
    assert scale.place(np.array([low, (low + high) / 2, high])) == pytest.approx([0, 0.5, 1])
    powers = AxisScale.logarithmic(0.05, 50.0)
    assert list(powers.labels) == ["0.1", "1", "10"]
    assert powers.place(np.array([0.05, 50.0**0.5 * 0.05**0.5, 50.0])) == pytest.approx([0, 0.5, 1])
    assert powers.place(np.array([0.0]))[0] < 0


def test_a_panel_shows_its_curve_and_nothing_of_another():
    """The band and the line are drawn within their panel, however far they reach."""
    with styled():
        x = AxisScale.linear(0.0, 1.0, MaxNLocator(3))
        figure, (left, right) = panels(2, x, x, width=2.4, height=1.5)
        blank = pixels(png(figure))
        steps = np.array([0.2, 0.8])
        left.band(steps, np.array([-9.0, -9.0]), np.array([9.0, 9.0]), color="#ff0000")
        right.line(steps, np.array([0.5, math.nan]), color="#ff0000")
        changed = (pixels(png(figure)) != blank).any(axis=-1)
    inside = left.clip.extents
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert inside[0] <= columns.min() <= columns.max() <= inside[2]
    height = changed.shape[0]
    assert inside[1] - 1 <= height - rows.max() <= height - rows.min() <= inside[3] + 1


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_curves_without_any_finite_value_are_drawn():
    record = make_record(scores=[None, None], points=1)
    view = findings.study([record]).tasks[0]
    assert curves.learning_curves(view, "bare")[:4] == b"\x89PNG"
