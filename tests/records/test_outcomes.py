"""The endpoints of a curve, and how its run ended."""

from __future__ import annotations

import pytest

from bench.records.outcomes import outcome, summarise
from bench.records.record import Evaluation, Scale, ScoreInfo

INFO = ScoreInfo(
    metric="fid",
    unit="1",
    better="lower",
    window=2,
    step_unit="update",
    anchors=Scale(low=5.0, high=0.0, log=False),
)


def points(*scores: float | None) -> list[Evaluation]:
    return [Evaluation(step=i, metrics={"fid": score}) for i, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("values", "better", "status", "summary"),
    [
        ((4.0, 1.0, 2.0, 3.0), "lower", "ok", (2.5, 0.5, 3.0, 1.0)),
        ((4.0, 1.0, 2.0, 3.0), "higher", "ok", (2.5, 0.5, 3.0, 4.0)),
        ((4.0,), "lower", "ok", (4.0, 0.2, 4.0, 4.0)),
        ((4.0, 1.0, 2.0, 3.0), "lower", "collapsed", (2.5, 0.5, 3.0, 1.0)),
        ((4.0, 1.0, None, None), "lower", "diverged", (None, None, None, 1.0)),
        ((4.0, 1.0, 2.0, 3.0), "lower", "diverged", (None, None, None, 1.0)),
        ((4.0, 1.0, None, 3.0), "lower", "ok", (None, None, 3.0, 1.0)),
        ((None, 1.0, 2.0, 3.0), "lower", "ok", (2.5, None, 3.0, 1.0)),
        ((None, None), "lower", "diverged", (None, None, None, None)),
    ],
)
def test_summary_of_a_curve(values, better, status, summary):
    info = INFO.model_copy(update={"better": better})
    found = summarise(points(*values), info, status)
    expected = dict(zip(("score", "area", "last", "best"), summary, strict=True))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "bad", "status"),
    [
        ((100.0, 10.0, 1.0), None, "ok"),
        ((100.0, 90.0, 95.0), None, "ok"),  # poor from first to last: nothing was lost
        ((100.0, 10.0, 100.0), None, "collapsed"),
        ((100.0, 10.0, 60.0), None, "ok"),  # log(60/100)/log(1/100) = 0.11 of the way is left
        ((100.0, 10.0, 64.0), None, "collapsed"),  # 0.097
        ((100.0, 11.0, 100.0), None, "ok"),  # it had never come half the way
        ((1.0, 100.0, 100.0), None, "ok"),  # it had never learned what it began with
        ((100.0, 10.0, None), None, "diverged"),
        ((100.0, 10.0, 1.0), 7, "diverged"),
    ],
)
def test_how_a_run_ended(scores, bad, status):
    info = ScoreInfo(
        metric="fid",
        unit="squared distance",
        better="lower",
        window=1,
        step_unit="update",
        anchors=Scale(low=100.0, high=1.0, log=True),
    )
    assert outcome(points(*scores), info, bad) == status
    assert outcome(points(1.0, 2.0), info.model_copy(update={"anchors": None}), None) == "ok"
