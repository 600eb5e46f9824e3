"""The pages: what each shows, what it links, and what the command says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.records import store
from bench.report import selection
from bench.report.pages import build_pages, build_report
from bench.report.selection import Selection
from tests.report.html_page import check_site, site_text
from tests.support.factories import make_grid, make_record
from tests.support.fakes import bench

EFFECTS = {"spectral_norm": (4.0, 4.0), "replay": (0.0, 0.0)}


def own() -> Selection:
    """Two cells that are in no other study, and one that is."""
    cells = [make_record(strategy=name) for name in (None, "lecam", "replay")]
    return Selection(cells, [], [])


def test_everything_that_a_page_links_lies_beside_it(tmp_path):
    build_report(make_grid(EFFECTS), tmp_path / "a", None)
    pages = check_site(tmp_path / "a")
    linked = {
        (tmp_path / "a" / address).parent.joinpath(link.partition("#")[0]).resolve()
        for address, page in pages.items()
        for link in page.links + page.sources
        if not link.startswith(("https:", "data:", "#"))
    }
    there = {path for path in (tmp_path / "a").rglob("*") if path.is_file()}
    unlinked = {path.name for path in there - linked}
    assert unlinked == {"files.sha256", "tablesort.LICENSE.txt"}, "reached from no page"
    moved = shutil.move(tmp_path / "a", tmp_path / "b")
    check_site(Path(moved))


def test_there_is_a_page_for_every_strategy_and_every_task(tmp_path):
    build_report(make_grid(EFFECTS), tmp_path, None)
    folders = {
        name: {path.stem for path in (tmp_path / name).iterdir()}
        for name in ("strategies", "tasks")
    }
    assert folders["strategies"] == {"index", "placebo", "harmful", *EFFECTS}
    assert folders["tasks"] == {"index", "ring8", "digits", "lqr", "pendulum"}
    page = (tmp_path / "strategies" / "spectral_norm.html").read_text("utf-8")
    for part in ("Definition", "Every contrast", "Learning curves", "Cost", "To run it again"):
        assert f"<h2>{part}" in page
    assert "arxiv.org/abs/1802.05957" in page
    page = (tmp_path / "tasks" / "ring8.html").read_text("utf-8")
    for part in ("What it is", "Headroom", "Who wins", "Learning curves", "To run it again"):
        assert f"<h2>{part}" in page


def test_figures_are_loaded_once_they_are_seen_and_their_room_is_kept(tmp_path):
    build_report(make_grid(EFFECTS), tmp_path, None)
    images = [line for line in site_text(tmp_path).split("<") if line.startswith("img ")]
    assert len(images) > 10
    assert all('loading="lazy"' in image and 'width="' in image for image in images)
    assert not any("base64" in image for image in images)


def test_ones_own_results_have_a_page_of_their_own(tmp_path):
    """index.html shows them alone, with effects of their own bases; studies.html shows the rest."""
    written = build_pages(
        Selection(make_grid(EFFECTS), [], []), tmp_path, tmp_path / "L.md", ("local", own())
    )
    pages = check_site(tmp_path)
    mine, studies = pages["index.html"], pages["studies/index.html"]
    assert "studies/index.html" in mine.links
    assert "../index.html" in studies.links
    assert "../../index.html" in pages["studies/tasks/ring8.html"].links
    first, second = ((tmp_path / n / "index.html").read_text("utf-8") for n in ("", "studies"))
    assert "What was measured here" in first
    assert "3 cells, 9 runs" in first
    assert ("lecam" in first, "lecam" in second) == (True, False)
    assert ("spectral_norm" in first, "spectral_norm" in second) == (False, True)
    assert "lqr" not in first
    board = (tmp_path / "L.md").read_text("utf-8")
    assert ("lecam" in board, "spectral\\_norm" in board) == (False, True)
    assert all(path.is_file() for path in written)
    assert len(written) == len(set(written))


def put(folder: Path, *records) -> None:
    for record in records:
        path = folder / record.task / f"{record.cell}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, record)


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("results") / "2"


def test_the_command_says_what_is_where(results, capsys):
    base, lecam = make_record(), make_record(strategy="lecam")
    put(results / "core", base, lecam)
    assert bench("report") == 0
    assert capsys.readouterr().out == "2 cells: report/index.html\n"
    assert not Path("report/studies").exists()
    put(results / "local", base)
    assert bench("report") == 0
    mine, others = capsys.readouterr().out.split("; ")
    assert mine == "1 cell measured here: report/index.html"
    assert others == "the committed studies: report/studies/index.html\n"
    assert "lecam" not in Path("report/index.html").read_text("utf-8")
    assert not Path("report/strategies/lecam.html").exists(), "of the report before"
    assert Path("report/studies/strategies/lecam.html").exists()
    assert "lecam" in Path("report/LEADERBOARD.md").read_text("utf-8")


def test_any_submission_can_be_ones_own(results, capsys):
    put(results / "core", make_record())
    put(results / "mine", make_record(strategy="lecam"), make_record())
    assert bench("report", "--name", "mine", "--out", "page") == 0
    assert capsys.readouterr().out.startswith("2 cells measured here: page/index.html; ")
    assert "Submission <code>mine</code>" in Path("page/index.html").read_text("utf-8")
    assert bench("report", "--name", "../core") == 2
    assert "is no name" in capsys.readouterr().err
    assert bench("report", "--name", "mien") == 2
    assert "there is no submission results/2/mien" in capsys.readouterr().err


def test_without_others_ones_own_are_the_only_page_and_the_leaderboard(results, capsys):
    put(results / "local", make_record(), make_record(strategy="lecam"))
    assert bench("report") == 0
    assert capsys.readouterr().out == "2 cells measured here: report/index.html\n"
    assert "lecam" in Path("report/LEADERBOARD.md").read_text("utf-8")
    check_site(Path("report"))


def test_the_command_says_how_many_are_left_out_and_why(results, capsys):
    base = make_record()
    put(results / "a", base)
    put(results / "b", base)
    put(results / "local", make_record(updates=7, cell="bare@7"))
    assert bench("report") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"report/index.html leaves out 1 file: {selection.CUSTOM_UPDATES}",
        f"report/index.html leaves out 1 file: {selection.SAME_CELL}",
        "1 cell: report/index.html",
    ]


def test_nothing_but_custom_updates_is_one_line(results, capsys):
    put(results / "local", make_record(updates=7, cell="bare@7"))
    assert bench("report") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert selection.CUSTOM_UPDATES in err
