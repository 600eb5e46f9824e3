"""What a report says of searches for settings: choices, budget curves, and what it leaves out."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from bench.record import CorruptRecord
from bench.report import build_report, searches
from tests.factories import make_record
from tests.test_search import INFO, searched, tried

WHOLE = searched(tried(0, 0.8), tried(1, 0.4), tried(2, stopped=True))
HERE = Path("1/mine/dirac/bare+r1.search.json")


def test_the_budget_curve_is_the_gain_of_the_best_so_far() -> None:
    """Between the anchors 1.15 and 0, so that 0.4 less of a distance is 0.4 / 1.15 more."""
    assert (INFO.anchors.low, INFO.anchors.high) == (1.15, 0.0)
    assert searches.budget_curve(WHOLE) == pytest.approx([0.0, 0.4 / 1.15, 0.4 / 1.15])
    worse = searched(tried(0, 0.4), tried(1, 0.8), tried(2, 0.2))
    assert searches.budget_curve(worse) == pytest.approx([0.0, 0.0, 0.2 / 1.15])
    failed = searched(tried(0, None), tried(1, 1.15))
    assert searches.budget_curve(failed) == pytest.approx([0.0, 0.0, 0.0])
    assert len(searches.budget_curve(searched(tried(0, 0.4), budget=7))) == 7


def test_what_is_stale_broken_unfinished_or_double_is_named() -> None:
    stale = WHOLE.model_copy(update={"spec": "0" * 16})
    empty = searched(tried(1, stopped=True))
    found = [
        (Path("1/a/dirac/x.search.json"), CorruptRecord("x.search.json: broken")),
        (Path("1/b") / HERE.name, stale),
        (Path("1/c") / HERE.name, empty),
        (HERE, WHOLE),
        (Path("1/local") / HERE.name, WHOLE),
    ]
    kept, ignored = searches.sort_out(found)
    assert kept == [WHOLE]
    assert [why for _, why in ignored] == [
        "x.search.json: broken",
        "made by other code, settings or data than these",
        "nothing has come to its end yet",
        "a search of the same cell comes before it",
    ]


def test_page_leaderboard_table_and_figure_tell_the_choice(tmp_path: Path) -> None:
    records = [make_record(task="ring8", strategy=strategy) for strategy in (None, "r1")]
    board = tmp_path / "LEADERBOARD.md"
    build_report(records, tmp_path / "without", board)
    assert "Tuned settings" not in board.read_text()
    build_report(records, tmp_path, board, [(HERE, WHOLE)])
    (line,) = re.findall(r"\| r1 \| bare \| dirac \|.*", board.read_text())
    assert line == "| r1 | bare | dirac | 3 | gamma 10 | gamma 1 | distance 0.800 → 0.400 |"
    page = (tmp_path / "index.html").read_text()
    assert '<section id="tuned">' in page
    assert "<td>gamma 10</td>" in page
    assert (tmp_path / "figures" / "searches.png").read_bytes()[:4] == b"\x89PNG"
    (row,) = pd.read_csv(tmp_path / "tables" / "searches.csv").to_dict("records")
    assert (row["tried"], row["stopped"], row["score_chosen"]) == (3, 1, 0.4)
