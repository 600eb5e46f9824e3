"""What is compared: cells with the base of their own submission, processor and code path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.records import store
from bench.records.record import Record
from bench.report import curves, findings, stats
from bench.report.cells import view_of
from bench.report.grounds import NO_GROUND, Grounds, PlaceboMoved
from bench.report.selection import Selection, select
from tests.support.factories import PROVENANCE, make_record

ANCHORS = {"low": 1.0, "high": 0.0, "log": False}
GOOD, BAD = (0.1,) * 10, (0.9,) * 10


def made(strategy: str | None = None, scores: tuple[float, ...] = GOOD, **made_by: Any) -> Record:
    provenance = {**PROVENANCE, "environment": None, **made_by}
    return make_record(strategy=strategy, scores=scores, anchors=ANCHORS, provenance=provenance)


def selected(folder: Path, submissions: dict[str, list[Record]]) -> Selection:
    for name, records in submissions.items():
        for record in records:
            path = folder / name / record.task / f"{record.cell}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            store.write(path, record)
    found = [item for item in store.walk(folder) if isinstance(item, store.Found)]
    return select(found, [])


def effect(chosen: Selection) -> float | None:
    """The probability of improvement of r1 on ring8, if it is compared with anything."""
    (view,) = findings.study(chosen.records, grounds=chosen.grounds).tasks
    found = [one.value for key, one in view.effects["final"].items() if key.label == "r1"]
    return found[0] if found else None


def test_the_base_is_that_of_the_same_submission(tmp_path: Path) -> None:
    """Somebody's base with more seeds is shown, and is no ground for another's strategy."""
    theirs = [made(scores=BAD + BAD)]
    mine = [made(scores=GOOD), made("r1", GOOD)]
    chosen = selected(tmp_path, {"theirs": theirs, "mine": mine})
    assert len(next(r for r in chosen.records if r.strategy is None).seeds) == 20
    assert effect(chosen) == 0.5
    (row,) = findings.study(chosen.records, grounds=chosen.grounds).findings["bare"]
    assert row.domains["gan"].failures == (0, 10, 0, 10)
    assert not any(why == NO_GROUND for _, why in chosen.ignored)


def test_without_a_base_of_its_own_nothing_is_compared(tmp_path: Path) -> None:
    chosen = selected(tmp_path, {"theirs": [made(scores=BAD)], "mine": [made("r1")]})
    assert effect(chosen) is None
    assert ("ring8/bare+r1", NO_GROUND) in chosen.ignored
    assert {record.cell for record in chosen.records} == {"bare", "bare+r1"}


@pytest.mark.parametrize(
    "change",
    [{"cpu": "another"}, {"device": "cuda"}, {"compiled": True}, {"threads": 2}, {"dtype": "f"}],
)
def test_another_processor_or_code_path_is_not_compared(tmp_path: Path, change: dict) -> None:
    chosen = selected(tmp_path, {"mine": [made(scores=BAD), made("r1", **change)]})
    assert effect(chosen) is None
    chosen = selected(tmp_path, {"mine": [made(scores=BAD, **change), made("r1", **change)]})
    assert effect(chosen) == 1.0


def test_a_placebo_that_differs_from_its_base_stops(tmp_path: Path) -> None:
    with pytest.raises(PlaceboMoved, match=r"^mine/ring8/bare.placebo differs from its base, "):
        selected(tmp_path, {"mine": [made(), made("placebo", (*GOOD[:9], 0.2))]})


@pytest.mark.parametrize(
    "placebo",
    [
        made("placebo", GOOD[:3]),  # fewer seeds, the same numbers
        made("placebo", BAD, cpu="another"),
        made("placebo", BAD, versions={"torch": "0"}),
        made("harmful", BAD),
    ],
)
def test_a_placebo_elsewhere_has_another_path(tmp_path: Path, placebo: Record) -> None:
    assert len(selected(tmp_path, {"mine": [made(), placebo]}).records) == 2


def test_a_placebo_is_held_against_its_own_submissions_base(tmp_path: Path) -> None:
    chosen = selected(tmp_path, {"a": [made(scores=BAD + BAD)], "b": [made(), made("placebo")]})
    assert len(chosen.records) == 2


@pytest.mark.parametrize("n", [1, 3, 10, 20])
def test_a_bitwise_placebo_is_neutral_at_any_numbers_of_seeds(tmp_path: Path, n: int) -> None:
    scores = tuple(0.05 * seed for seed in range(20))
    chosen = selected(tmp_path, {"mine": [made(scores=scores), made("placebo", scores[:n])]})
    (row,) = findings.study(chosen.records, grounds=chosen.grounds).findings["bare"]
    found = row.domains["gan"].effect
    assert found is not None
    assert (found.value, found.low, found.high, found.runs) == (0.5, 0.5, 0.5, n)
    assert row.domains["gan"].state == "equivalent"


def test_the_same_scores_by_other_curves_are_no_placebo(tmp_path: Path) -> None:
    """A score may be as good as can be on some seeds; the base's other seeds then still count."""
    base, other = made(scores=(*GOOD, *BAD)), made("r1", GOOD)
    other.seeds[0].curve[1].metrics["fid"] += 1e-9
    chosen = selected(tmp_path, {"mine": [base, other]})
    assert effect(chosen) == pytest.approx((9 * 0.5 + 10) / 19)


def test_curves_have_the_base_of_their_own_submission_behind_them(monkeypatch) -> None:
    """Both bases are called "bare", and one of them alone is shown."""
    mine, other = make_record(scores=[0.1] * 3), make_record(scores=[0.9] * 3)
    r1, huber = (make_record(strategy=name, scores=[0.5] * 3) for name in ("r1", "huber"))
    shown = [mine, r1, huber]
    owned = [(mine, "a"), (r1, "a"), (other, "b"), (huber, "b")]
    view = view_of(shown, stats.Bootstrap(), Grounds.of(owned, shown))
    ends: list[float] = []
    monkeypatch.setattr(curves, "_band", lambda panel, curve, *_: ends.append(curve[1][1][-1]))
    curves.learning_curves(view, "bare")
    assert ends == pytest.approx([0.9, 0.5, 0.1, 0.5])  # huber behind b's base, r1 behind a's
