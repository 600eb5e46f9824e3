"""What records say of the claims of strategies' papers, on made-up records."""

from __future__ import annotations

import numpy as np
import pytest

from bench.contribute import home_table
from bench.contribute.home_table import rows, summary
from bench.report import home
from tests.support.factories import make_record, normal_scores

ANCHORS = {"low": 1.0, "high": 0.0, "log": False}


def records(mean: float, n: int = 10) -> list:
    """`dragan` with this mean FID on ring8, and the bare learner at 0.5."""
    both = {"task": "ring8", "anchors": ANCHORS}
    return [
        make_record(scores=normal_scores("base", 0.5, 0.05, n), **both),
        make_record(strategy="dragan", scores=normal_scores("new", mean, 0.05, n), **both),
    ]


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(0.3, "shown at home"), (0.7, "the opposite is shown"), (0.5, "not shown here")],
)
def test_a_claim_is_shown_where_the_whole_interval_is_above_one_half(
    mean: float, verdict: str
) -> None:
    one = home.evidence(records(mean))["dragan"]
    assert one.verdict == verdict
    assert one.seeds == 10
    assert one.value is not None
    assert one.low <= one.value <= one.high


def test_a_cause_stands_where_a_claim_is_not_shown_and_nowhere_else() -> None:
    """Of the records of this repository; a strategy may be here before its records."""
    found = home.evidence(home_table.records())
    run = {name: one for name, one in found.items() if one.verdict != home.NOT_RUN}
    assert len(run) >= 53
    assert {one.seeds for one in run.values()} == {10, 20}
    without = {name for name, one in run.items() if not one.declared.cause}
    assert without == {name for name, one in run.items() if one.verdict == home.SHOWN}


def test_other_pairs_are_told_once() -> None:
    """Two cells that differ in one strategy and are not its own, whatever else they hold."""
    both = {"task": "ring8", "anchors": ANCHORS}
    made = [
        *records(0.3),
        make_record(strategy="r1", scores=normal_scores("r1", 0.4, 0.05, 10), **both),
        make_record(strategy="dragan+r1", scores=normal_scores("two", 0.3, 0.05, 10), **both),
    ]
    pairs = [
        (one.strategy, one.declared.cell, one.declared.against) for one in home.also_tried(made)
    ]
    assert pairs == [
        ("dragan", "ring8/bare+dragan+r1", "ring8/bare+r1"),
        ("r1", "ring8/bare+dragan+r1", "ring8/bare+dragan"),
        ("r1", "ring8/bare+r1", "ring8/bare"),
    ]


def test_fewer_seeds_than_a_claim_needs_show_nothing() -> None:
    """Nine that all win have an interval that does not hold one half."""
    made = records(0.3, 9)
    one = home.evidence(made)["dragan"]
    assert (one.low > 0.5, one.verdict) == (True, "fewer than 10 seeds")
    assert home.notes(home.evidence(made)) == {}
    assert home.notes(home.evidence(records(0.3))) == {"dragan": "shown at home"}
    assert home.notes(home.evidence(records(0.7))) == {"dragan": "hurts at home here"}
    assert home.notes(home.evidence(records(0.5))) == {"dragan": "not shown at home here"}


def test_without_both_records_nothing_was_run() -> None:
    found = home.evidence(records(0.3)[1:])
    assert {one.verdict for one in found.values()} == {"not run"}


def test_the_table_has_every_strategy_with_a_home() -> None:
    found = home.evidence(records(0.3))
    texts = dict(zip(found, rows(found), strict=True))
    assert texts["dragan"][2:4] == ("`ring8/bare+dragan`", "`ring8/bare`")
    assert texts["dragan"][-2].startswith("1.00 [")
    assert texts["dragan"][-1] == "shown at home"
    assert texts["r1"][-2:] == ("", "not run")
    rest = len(found) - 1
    assert summary(found) == f"1 of {len(found)} are shown, 0 are not, {rest} were not run"


def test_a_claim_may_be_about_a_metric_of_the_task() -> None:
    """Fewer modes, or runs that failed, are worse, whatever the score says."""
    better, worse = records(0.7)[1], records(0.3)[0]
    for record, modes in ((better, 8.0), (worse, 5.0)):
        for seed in record.seeds:
            for point in seed.curve:
                point.metrics["modes"] = modes
    assert home.arm(better, "modes").values.tolist() == [8.0] * 10
    assert home.arm(worse, "modes").values.tolist() == [5.0] * 10
    lower = home.arm(make_record(scores=(0.2, None, 0.1)), "fid").values
    assert lower[1] == -np.inf
    assert lower[0] < lower[2] < 0.0
    assert home.arm(better, "nonsense") is None
