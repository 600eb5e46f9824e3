"""Which records a report shows, and why it leaves others out."""

from __future__ import annotations

from bench.report import findings, selection
from bench.report.pages import build_report
from tests.support.factories import make_record


def test_the_first_record_of_a_cell_wins_and_the_others_are_named(tmp_path):
    first, second = make_record(scores=[1.0, 2.0]), make_record(scores=[8.0, 9.0])
    other = make_record(strategy="r1", protocol_version="0")
    custom = make_record(updates=7, cell="bare@7")
    kept, ignored = selection.one_per_cell([custom, other, first, second])
    assert kept == [first]
    assert [why for _, why in ignored] == [
        selection.CUSTOM_UPDATES,
        "protocol 0, not 2",
        selection.SAME_CELL,
    ]
    build_report([first, second], tmp_path, None)
    assert selection.SAME_CELL in (tmp_path / "submissions.html").read_text(encoding="utf-8")


def test_records_with_another_score_are_not_compared():
    records = [make_record(), make_record(strategy="replay", better="higher")]
    kept, ignored = selection.one_per_cell(records)
    assert kept == records[:1]
    assert [why for _, why in ignored] == ["scored differently than ring8/bare"]
    assert not findings.study(kept).findings["bare"]
