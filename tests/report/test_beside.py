"""Submissions of strangers stand beside the maintainers', and change nothing of theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bench.report import beside, findings, parties, submissions
from tests.report.html_page import check_site
from tests.report.strangers import (
    MAINTAINED,
    MANY,
    a_bad_base,
    a_placebo_that_moved,
    many_strategies,
    more_seeds,
    numbers_of_no_run,
    put,
    torn_records,
)
from tests.support.fakes import bench

CASES = [
    more_seeds,
    a_bad_base,
    many_strategies,
    a_placebo_that_moved,
    torn_records,
    numbers_of_no_run,
]


def files(out: Path) -> dict[str, bytes]:
    """The tables and figures of the main site, without what stands beside them."""
    found = [*(out / "tables").iterdir(), *(out / "figures").iterdir()]
    return {p.name: p.read_bytes() for p in found if not p.name.startswith("beside-")}


def verdicts(board: Path) -> str:
    found = parties.divide(board, parties.read(board / "2"), "local").maintained
    return repr(findings.study(found.records, grounds=found.grounds).findings)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], str, str]:
    """The maintainers' tables and figures, verdicts and leaderboard without strangers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("alone"))
        put("core", *MAINTAINED)
        assert bench("report", "--out", "page") == 0
        text = Path("page/LEADERBOARD.md").read_text("utf-8")
        return files(Path("page")), verdicts(Path("results")), text


@pytest.mark.parametrize("strangers", CASES, ids=lambda case: case.__name__)
def test_nothing_of_the_maintainers_changes(
    board: Path, alone: tuple[dict[str, bytes], str, str], strangers: Callable[[], None]
) -> None:
    strangers()
    assert bench("report", "--out", "page") == 0
    assert len(alone[0]) > 15
    assert files(Path("page")) == alone[0]
    assert verdicts(board) == alone[1]
    text = Path("page/LEADERBOARD.md").read_text("utf-8")
    first, _, rest = text.partition("## Beside them")
    whole = first + rest[rest.index("## What the bases do") :] if rest else first
    assert whole == alone[2]
    check_site(Path("page"))


def test_rows_beside_are_marked_and_lead_to_a_site_of_their_own(board: Path) -> None:
    a_bad_base()
    assert bench("report", "--out", "page") == 0
    pages = check_site(Path("page"))
    text = Path("page/index.html").read_text("utf-8")
    own, *others = text.partition('id="verdicts-bare"')[2].split('class="beside"')
    assert ">aaa<" not in own
    assert len(others) == 2
    for row in others:
        cells = row.partition("</tr>")[0]
        assert '<a href="submissions/aaa/index.html">aaa</a></td><td>canary-passed</td>' in cells
    assert "submissions/aaa/strategies/replay.html" in pages["index.html"].links
    assert "../../index.html" in pages["submissions/aaa/index.html"].links
    for address in pages:
        page = Path("page", address).read_text("utf-8")
        assert ("<code>aaa</code> alone" in page) == address.startswith("submissions/aaa/")
    (line,) = [
        line
        for line in Path("page/LEADERBOARD.md").read_text("utf-8").splitlines()
        if line.startswith("| replay") and "aaa" in line
    ]
    assert line.endswith("| aaa | canary-passed |")
    table = pd.read_csv("page/tables/beside-bare.csv").set_index("strategy")
    assert set(table["submission"]) == {"aaa"}
    assert table.loc["replay", "gan_effect"] == 1.0, "against its own bad base"
    maintained = pd.read_csv("page/tables/transfer-bare.csv").set_index("strategy")
    assert maintained.loc["replay", "gan_effect"] < 0.8
    assert "aaa" in Path("page/strategies/replay.html").read_text("utf-8")
    assert "aaa" not in Path("page/tasks/ring8.html").read_text("utf-8")


def test_a_page_shows_so_many_rows_and_the_table_all(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "MOST", 10)
    many_strategies()
    assert bench("report", "--out", "page") == 0
    text = Path("page/index.html").read_text("utf-8")
    assert text.count('class="beside"') == 10
    assert f"{MANY - 10} more rows" in text
    assert len(pd.read_csv("page/tables/beside-bare.csv")) == MANY
    text = Path("page/LEADERBOARD.md").read_text("utf-8")
    assert f"{MANY - 10} more are on the site." in text


@pytest.mark.parametrize(
    ("strangers", "why"),
    [
        (a_placebo_that_moved, "aaa: aaa/pendulum/bare+placebo differs from its base"),
        (torn_records, "bbb: nothing that can be shown: cannot be read (1)"),
    ],
)
def test_a_submission_that_cannot_be_shown_is_left_out_with_the_reason(
    board: Path, strangers: Callable[[], None], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    strangers()
    assert bench("report", "--out", "page") == 0
    assert f"page/index.html leaves out the submission {why}" in capsys.readouterr().out
    name, _, reason = why.partition(": ")
    text = Path("page/submissions.html").read_text("utf-8")
    assert f'{name}</th><td colspan="10" class="wrap">not shown: {reason}' in text
    assert not Path("page/submissions", name).exists()


def test_the_same_placebo_stops_a_maintainer(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_placebo_that_moved()
    (board / "standing.yaml").write_text("maintained: [2/core, 2/aaa]\n")
    assert bench("report", "--out", "page") == 2
    assert "aaa/pendulum/bare+placebo differs" in capsys.readouterr().err


def test_a_record_that_cannot_be_read_is_named_on_the_page_of_its_submission(board: Path) -> None:
    torn_records()
    assert bench("report", "--out", "page") == 0
    page = Path("page/submissions/aaa/submissions.html").read_text("utf-8")
    assert "results/2/aaa/ring8/bare+spectral_norm.json</code>: cannot be read" in page
    assert "results/2/aaa/ring8/bare+r1.search.json" in page
    (board / "standing.yaml").unlink()  # now it is a maintainer's, whose next run replaces it
    assert bench("report", "--out", "page") == 2


def test_a_submission_whose_site_cannot_be_made_stops_nothing(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more_seeds()
    made = submissions.beside

    def failing(site, name):
        return made(site, name) if name != "aaa" else 1 / 0

    monkeypatch.setattr(submissions, "beside", failing)
    assert bench("report", "--out", "page") == 0
    said = "leaves out the submission aaa: its numbers cannot be reported (ZeroDivisionError"
    assert said in capsys.readouterr().out
    assert not list(Path("page/submissions/aaa").rglob("*.html"))
