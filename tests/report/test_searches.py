"""What a report says of searches for settings: choices, budget curves, and what it leaves out."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from bench.records import search_store
from bench.records.json_file import CorruptRecord
from bench.records.store import Found
from bench.report import searches, selection
from bench.report.pages import build_report
from tests.records.test_search import INFO, candidate, make_search
from tests.support.factories import make_record

WHOLE = make_search(candidate(0, 0.8), candidate(1, 0.4), candidate(2, stopped=True))
HERE = Path("bare+r1.search.json")


def test_the_budget_curve_is_the_score_of_the_best_so_far() -> None:
    """Between the anchors 1.15 and 0; what failed, or is worse than the low one, is 0."""
    assert (INFO.anchors.low, INFO.anchors.high) == (1.15, 0.0)

    def normalised(distance: float) -> float:
        return (1.15 - distance) / 1.15

    one, two = normalised(0.8), normalised(0.4)
    assert searches.budget_curve(WHOLE) == pytest.approx([one, two, two])
    worse = make_search(candidate(0, 0.4), candidate(1, 0.8), candidate(2, 0.2))
    assert searches.budget_curve(worse) == pytest.approx([two, two, normalised(0.2)])
    failed = make_search(candidate(0, None), candidate(1, 99.0), candidate(2, 0.8))
    assert searches.budget_curve(failed) == pytest.approx([0.0, 0.0, one])


def test_extensions_and_other_orders_of_play_are_told_apart() -> None:
    other = WHOLE.model_copy(update={"domain": "extension", "play": "simultaneous"})
    shown = [selection.ShownSearch(search, "mine") for search in (WHOLE, other)]
    assert list(searches.search_table(shown).strategy) == ["r1", "r1=simultaneous"]
    assert searches.budget_curves([WHOLE, other]) is not None


def record(folder: Path, gamma: float) -> Found:
    made = make_record(task="dirac", domain="game", strategy="r1")
    changes = {
        "settings": {"r1": {"gamma": gamma}},
        "settings_from": "tuned",
        "cell": "bare+r1~tuned",
    }
    return Found(folder / "dirac" / "bare+r1~tuned.json", made.model_copy(update=changes))


def test_what_is_stale_broken_unfinished_or_double_is_named() -> None:
    stale = WHOLE.model_copy(update={"spec": "0" * 16})
    empty = make_search(candidate(1, stopped=True))
    folders = [Path("1") / name / "dirac" for name in ("a", "b", "c", "mine", "local")]
    items = [CorruptRecord("x.search.json", "broken"), stale, empty, WHOLE, WHOLE]
    found = [(folder / HERE.name, item) for folder, item in zip(folders, items, strict=True)]
    kept, ignored = selection.select_searches(found, [], Path("1/local"))
    assert [(shown.search, shown.submission) for shown in kept] == [(WHOLE, "local")]
    assert [why for _, why in ignored] == [
        "x.search.json: broken",
        "made with other code, settings or data",
        "no settings have been tried to the end yet",
        selection.SAME_SEARCH,
    ]
    assert ignored[-1][0] == "1/mine/dirac/bare+r1.search.json"
    kept, _ = selection.select_searches(found, [record(Path("1/mine"), 10.0)])
    assert kept[0].submission == "mine"  # the one whose tuned cell is shown


def test_a_tuned_record_is_shown_only_beside_the_search_that_chose_it(tmp_path: Path) -> None:
    folder = tmp_path / "2" / "mine"
    chosen, other = record(folder, 10.0), record(folder, 0.1)
    published = Found(folder / "dirac" / "bare.json", make_record(task="dirac", domain="game"))
    kept, ignored = selection.with_search([published, chosen])
    assert kept == [published]
    assert "chosen by no search: dirac/bare+r1 has not been searched" in ignored[0][1]
    search_store.write(folder / "dirac" / HERE.name, WHOLE)
    assert selection.with_search([published, chosen, other]) == (
        [published, chosen],
        [(str(other.path), "the search beside it has chosen other settings")],
    )


def test_page_table_and_figure_tell_the_choice(tmp_path: Path) -> None:
    records = [make_record(task="ring8", strategy=strategy) for strategy in (None, "r1")]
    build_report(records, tmp_path / "without", None)
    assert not (tmp_path / "without" / "tuned.html").exists()
    assert "tuned.html" not in (tmp_path / "without" / "index.html").read_text()
    build_report(records, tmp_path, None, [selection.ShownSearch(WHOLE, "mine")])
    assert "tuned.html" in (tmp_path / "index.html").read_text()
    page = (tmp_path / "tuned.html").read_text()
    (line,) = re.findall(r"<tr><th scope=.row.>r1</th>.*</tr>", page)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", line)
    assert cells[:7] == ["bare", "dirac", "mine", "3", "1", "gamma 10", "gamma 1"]
    assert cells[7:10] == ["distance", "0.800", "0.400"]
    assert (tmp_path / "figures" / "searches.png").read_bytes()[:4] == b"\x89PNG"
    (row,) = pd.read_csv(tmp_path / "tables" / "searches.csv").to_dict("records")
    assert (row["tried"], row["stopped"], row["score_chosen"]) == (3, 1, 0.4)
