"""How far records are trusted stands in every row, and rows can be chosen by it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.records.store import Found
from bench.report.beside import MEANINGS
from bench.submissions import trust
from bench.submissions.trust import LEVELS, Level
from tests.report.strangers import MAINTAINED, put
from tests.support.fakes import bench


def level(_: trust.Submission, item: Found) -> Level:
    """Everything is reproduced, but for one base, one strategy, and what a stranger has."""
    special: dict[tuple[str, ...], Level] = {
        ("core", "pendulum", "bare"): "canary-passed",
        ("core", "ring8", "bare+replay"): "spot-checked",
    }
    owner, record = item.path.parents[1].name, item.record
    usual: Level = "self-reported" if owner == "aaa" else "reproduced"
    return special.get((owner, record.task, record.cell), usual)


@pytest.fixture
def page(board: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    put("aaa", *MAINTAINED)
    monkeypatch.setattr(trust.Submission, "level", level)
    assert bench("report", "--out", "page") == 0
    return Path("page")


def test_a_row_is_trusted_as_far_as_its_least_trusted_record_the_base_included(page: Path) -> None:
    contrasts = pd.read_csv(page / "tables/contrasts.csv").set_index(["task", "cell"])["trust"]
    assert contrasts["ring8", "bare+spectral_norm"] == "reproduced"
    assert contrasts["ring8", "bare+replay"] == "spot-checked"
    assert set(contrasts["pendulum"]) == {"canary-passed"}, "because of the base"
    runs = pd.read_csv(page / "tables/runs.csv").groupby(["task", "cell"])["trust"].first()
    assert runs["pendulum", "bare+replay"] == "reproduced"
    assert runs["pendulum", "bare"] == "canary-passed"
    theirs = pd.read_parquet(page / "submissions/aaa/tables/runs.parquet")
    assert set(theirs["trust"]) == {"self-reported"}
    assert set(theirs["submission"]) == {"aaa"}


def test_pages_show_it_and_filter_by_it(page: Path) -> None:
    front = (page / "index.html").read_text("utf-8")
    table = front.partition('data-table="verdicts-bare"')[2]
    assert '<select name="trust">' in table
    assert table.count('data-submission="core" data-trust="canary-passed"') == 4
    assert table.count('data-submission="aaa" data-trust="self-reported"') == 2
    strategy = (page / "strategies/replay.html").read_text("utf-8")
    rows = strategy.partition('id="contrast-table"')[2]
    assert '<select name="trust">' in strategy
    for level in ("canary-passed", "spot-checked"):
        assert rows.count(f'data-trust="{level}"') == rows.count(f"<td>{level}</td>") == 1
    submissions = (page / "submissions.html").read_text("utf-8")
    body = submissions.partition("<tbody>")[2].split("</tr>")
    assert "<td>canary-passed</td>" in body[0], "the least of core"
    assert "<td>self-reported</td>" in body[1]
    for name in ("index.html", "strategies/index.html", "strategies/replay.html"):
        assert 'submissions.html#trust">' in (page / name).read_text("utf-8")
    for level, meaning in MEANINGS.items():
        assert f"<dt>{level}</dt><dd>{meaning}</dd>" in submissions


def test_every_level_is_explained() -> None:
    assert tuple(MEANINGS) == LEVELS
