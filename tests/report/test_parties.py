"""Whose the records of a report are: one's own, the maintainers', strangers'; what is withdrawn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.records import store
from bench.report import parties
from tests.report.html_page import check_site
from tests.report.strangers import LIST, MAINTAINED, a_bad_base, put
from tests.support.factories import make_record
from tests.support.fakes import bench


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("maintained: [2/core", "results/standing.yaml, line "),
        ("maintained: [core]", "results/standing.yaml: "),
        ("withdrawn: [{what: 2/core}]", "results/standing.yaml: "),
        ("maintained: [2/core]\nwithdrawn: [{what: 2/core, date: today, why: a reason that is "
         "long}]", "results/standing.yaml: "),
    ],
)  # fmt: skip
def test_a_malformed_list_is_one_line(
    board: Path, text: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "standing.yaml").write_text(text)
    assert bench("report", "--out", "page") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"error: {problem}")
    assert not Path("page/index.html").exists()


def test_what_is_withdrawn_counts_nowhere_and_is_listed(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put("aaa", *MAINTAINED)
    put("bbb", *MAINTAINED)
    (board / "standing.yaml").write_text(
        f"{LIST}withdrawn:\n"
        "  - {what: 2/aaa, date: 2026-01-02, why: the seeds were chosen}\n"
        "  - {what: 2/bbb/ring8/bare+replay, date: 2026-01-03, why: made with other code}\n"
        "  - {what: 2/core/ring8/bare+replay, date: 2026-01-04, why: an error of ours <b>}\n"
        "  - {what: 2/gone, date: 2026-01-05, why: its records have been deleted}\n"
    )
    assert bench("report", "--out", "page") == 0
    said = capsys.readouterr().out
    assert "leaves out the submission aaa: withdrawn on 2026-01-02: the seeds were chosen" in said
    assert "leaves out 1 file: withdrawn\n" in said
    check_site(Path("page"))
    text = Path("page/submissions.html").read_text("utf-8")
    section = text.partition('<section id="withdrawn">')[2].partition("</section>")[0]
    for what in ("2/aaa", "2/bbb/ring8/bare+replay", "2/core/ring8/bare+replay", "2/gone"):
        assert f'<th scope="row">{what}</th>' in section
    assert "2026-01-04" in section
    assert "an error of ours &lt;b&gt;" in section
    rows = text.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
    marked = [">1 cell</a>" in row for row in rows[:4]]
    assert marked == [True, True, False, False], "core, bbb, and aaa is not shown"
    runs = pd.read_csv("page/tables/runs.csv")
    assert "bare+replay" not in set(runs[runs.task == "ring8"].cell)
    theirs = pd.read_csv("page/submissions/bbb/tables/runs.csv")
    assert set(runs.cell) == set(theirs.cell)
    assert len(theirs) == len(runs)
    assert not Path("page/submissions/aaa").exists()


def test_a_tuned_record_is_withdrawn_with_the_search_that_chose_it(board: Path) -> None:
    tuned = make_record(
        strategy="r1", cell="bare+r1~tuned", settings={"r1": {"gamma": 3.0}}, settings_from="tuned"
    )
    put("core", tuned)
    (board / "standing.yaml").write_text(
        f"{LIST}withdrawn: [{{what: 2/core/ring8/bare+r1, date: 2026-01-02, why: not its choice}}]"
    )
    found = parties.divide(board, parties.read(board / "2"), "local").maintained
    place = "results/2/core/ring8/bare+r1~tuned.json"
    assert (place, "withdrawn: 2026-01-02, not its choice") in found.ignored


def test_only_the_folder_local_itself_is_ones_own(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever folders are called above it or below another submission."""
    nested = Path("results/2/aaa/2/local/ring8/bare.json")
    nested.parent.mkdir(parents=True)
    store.write(nested, MAINTAINED[0])
    put("local.b", MAINTAINED[0])
    (tmp_path / "local").mkdir()
    Path("results").rename("local/results")
    monkeypatch.chdir(tmp_path / "local")
    found = parties.divide(board, parties.read(board / "2"), "local")
    assert (found.own.records, found.own.ignored) == ([], [])
    assert len(found.maintained.records) == len(MAINTAINED)
    assert set(found.strangers) == {"local.b"}
    assert set(found.left_out) == {"aaa"}
    found = parties.divide(board, parties.read(board / "2"), "local.b")
    assert len(found.own.records) == 1


def test_ones_own_results_keep_their_site_and_strangers_are_below_the_studies(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put("local", MAINTAINED[0])
    a_bad_base()
    assert bench("report", "--out", "page") == 0
    pages = check_site(Path("page"))
    assert "submissions/aaa/index.html" in pages["studies/submissions.html"].links
    assert "aaa" not in Path("page/submissions.html").read_text("utf-8")
    assert not Path("page/submissions").exists()
    assert bench("report", "--out", "page", "--name", "aaa") == 0
    assert not Path("page/studies/submissions/aaa").exists()
    assert "studies/submissions/local/index.html" in check_site(Path("page"))


def test_without_a_list_all_are_maintained(board: Path) -> None:
    put("aaa", *MAINTAINED[:3])
    (board / "standing.yaml").unlink()
    assert bench("report", "--out", "page") == 0
    assert not Path("page/submissions").exists()
    assert 'class="beside"' not in Path("page/index.html").read_text("utf-8")


def test_where_nothing_is_maintained_nothing_can_be_reported(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "standing.yaml").write_text("maintained: [2/nobody]")
    assert bench("report", "--out", "page") == 2
    assert "all is of submissions that are not maintained: core" in capsys.readouterr().err
    assert bench("report", "--out", "page", "--name", "core") == 0


def test_home_evidence_is_the_maintainers(board: Path) -> None:
    """Nobody's records stand beside verdicts as "shown at home" by the name of the folder alone."""
    put("home", make_record(task="dirac", domain="game"))
    found = parties.divide(board, parties.read(board / "2"), "local")
    assert (found.at_home, set(found.strangers)) == ([], {"home"})
    (board / "standing.yaml").write_text("maintained: [2/core, 2/home]")
    found = parties.divide(board, parties.read(board / "2"), "local")
    assert (len(found.at_home), set(found.strangers)) == (1, set())
