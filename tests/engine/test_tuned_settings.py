"""Records with tuned settings need a search that chose them, whole and as it was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.engine.tune_plan import Rules
from bench.experiment.cell import Cell
from bench.records import search_store
from bench.records.paths import search_path
from tests.support.fakes import FakeTraining, bench
from tests.support.searches import KEEP, R1, search_jobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "2" / "local"


@pytest.fixture
def finished(folder: Path, monkeypatch) -> Path:
    """A finished search of r1 and one of dragan with another budget; its folder."""
    monkeypatch.chdir(folder.parents[2])
    monkeypatch.setattr("bench.training.train.train", FakeTraining())
    from bench.engine import trial

    for cell, budget in ((R1, 3), (Cell("dirac", "bare", "dragan"), 2)):
        for job in search_jobs(folder, Rules(budget), cell):
            KEEP(job, trial.run(job), [])
    return folder


def error(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def error_lines(capsys) -> list[str]:
    return list(capsys.readouterr().err.splitlines())


TUNED = ("run", "--tasks", "dirac", "--base", "bare", "--settings", "tuned", "--engine", "serial")


def test_tuned_settings_need_searches_that_were_the_same_chance(finished: Path, capsys) -> None:
    assert bench(*TUNED, "--strategies", "lecam,huber") == 2
    assert error(capsys) == (
        "error: dirac/bare+huber has not been searched in results/2/local; run "
        "`python -m bench tune` with the same grid and --name first"
    )
    assert bench(*TUNED, "--strategies", "r1,dragan") == 2
    line = "of dirac/bare+dragan was made with --budget 2, that of dirac/bare+r1 with --budget 3;"
    assert line in error(capsys)
    assert bench(*TUNED, "--strategies", "r1") == 0


def test_what_has_no_search_is_skipped_and_the_rest_runs(finished: Path, capsys) -> None:
    assert bench(*TUNED, "--strategies", "r1,huber") == 3
    out, err = capsys.readouterr()
    assert "done   dirac/bare+r1~tuned" in out
    warning, last = err.splitlines()
    assert warning.startswith("warning: skipping a cell: dirac/bare+huber has not been searched")
    assert last.startswith("error: 1 cells have no tuned settings, first: dirac/bare+huber")


def tampered(path: Path, change) -> None:
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


FORGED = {
    "a setting that nobody declared": lambda s: s["candidates"][1]["settings"]["r1"].update(
        gamma=3.0
    ),
    "settings in another order": lambda s: swap(s["candidates"][1], s["candidates"][2]),
    "seeds of results": lambda s: s.update(seeds=[0, 1, 2]),
    "a seed again and again": lambda s: s.update(seeds=[1000] * 3),
    "a wider space": lambda s: s["space"]["r1"].update(gamma=[0.01, 0.1, 1.0, 10.0, 20.0]),
    "less than was asked for": lambda s: s["candidates"].pop(),
    "not the published first": lambda s: swap(s["candidates"][0], s["candidates"][1]),
    "published, but stopped": lambda s: cut(s["candidates"][0], 3),
    "stopped where nothing is compared": lambda s: cut(s["candidates"][1], 1),
    "stopped without halving": lambda s: (cut(s["candidates"][1], 3), s.update(halving=False)),
    "another code": lambda s: s.update(spec="0" * 16),
    "a seed without a score": lambda s: s["candidates"][0]["curve"][0]["scores"].pop(),
    "a shorter curve": lambda s: s["candidates"][0]["curve"].pop(),
    "no curve": lambda s: s["candidates"][0].update(curve=[]),
    "another strategy": lambda s: s.update(strategy="r2"),
    "another score": lambda s: s["score_info"].update(window=1),
    "an unknown searcher": lambda s: s.update(searcher="my hands"),
    "no provenance": lambda s: s.update(provenance=None),
    "a score without a name": lambda s: s["score_info"].update(metric=""),
    "an unknown field": lambda s: s.update(more=1),
}


def swap(one, other) -> None:
    one["settings"], other["settings"] = other["settings"], one["settings"]


def cut(tried, evaluations: int) -> None:
    tried.update(status="stopped", curve=tried["curve"][:evaluations])


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_search_is_refused(finished: Path, capsys, forgery: str) -> None:
    file = search_path(finished, R1)
    assert bench("validate", file) == 0
    tampered(file, FORGED[forgery])
    assert bench("validate", file) == 2
    assert "bare+r1.search.json: " in capsys.readouterr().err


def test_searches_of_one_submission_share_their_rules(finished: Path, capsys) -> None:
    assert bench("validate", finished) == 2
    assert "--budget is 3, but 2 in " in error_lines(capsys)[0]


def test_tuned_settings_that_no_search_has_chosen_are_refused(finished: Path, capsys) -> None:
    assert bench(*TUNED, "--strategies", "r1") == 0
    search_path(finished, Cell("dirac", "bare", "dragan")).unlink()
    assert bench("validate", finished) == 0
    file = search_path(finished, R1)
    best = search_store.read(file).best()
    assert best is not None
    others = [0.1, 1.0, 10.0]
    others.remove(best.settings["r1"]["gamma"])

    def worse(raw) -> None:  # now another one is the best
        for point in raw["candidates"][best.number]["curve"]:
            point["scores"] = [9.0, 9.0, 9.0]

    text = file.read_text()
    tampered(file, worse)
    assert bench("validate", finished) == 2
    assert "the search beside it has chosen other settings" in capsys.readouterr().err
    file.unlink()
    assert bench("validate", finished) == 2
    assert "its settings were chosen by no search" in capsys.readouterr().err
    file.write_text(text)
    record = finished / "dirac" / "bare+r1~tuned.json"
    tampered(record, lambda raw: raw["settings"]["r1"].update(gamma=others[0]))
    assert bench("validate", finished) == 2
    err = capsys.readouterr().err
    assert "the search beside it has chosen other settings" in err
    assert "made by other code, settings or data" in err


def test_a_base_has_a_search_of_its_own_settings_and_keeps_its_published_cell(
    folder: Path, monkeypatch, capsys
) -> None:
    """Controls are compared with the published base, tuned strategies with the tuned one."""
    monkeypatch.chdir(folder.parents[2])
    monkeypatch.setattr("bench.training.train.train", FakeTraining())
    from bench.engine import trial

    for cell in (Cell("lqr", "reference"), Cell("lqr", "reference", "lecam")):
        for job in search_jobs(folder, Rules(3), cell):
            KEEP(job, trial.run(job), [])
    found = search_store.read(search_path(folder, Cell("lqr", "reference")))
    assert (found.strategy, found.cell, len(found.candidates)) == (None, "reference", 3)
    assert found.space.keys() == {"replay", "target_network"}
    options = ("--tasks", "lqr", "--base", "reference", "--strategies", "lecam")
    assert bench("run", *options, "--settings", "tuned", "--engine", "serial") == 0
    assert sorted(path.name for path in (folder / "lqr").glob("*[!h].json")) == [
        "reference+harmful.json",
        "reference+lecam~tuned.json",
        "reference+placebo.json",
        "reference.json",
        "reference~tuned.json",
    ]
    assert bench("validate", str(folder)) == 0


def test_without_its_base_searched_a_tuned_strategy_is_run_beside_the_published_base(
    folder: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(folder.parents[2])
    monkeypatch.setattr("bench.training.train.train", FakeTraining())
    from bench.engine import trial

    for job in search_jobs(folder, Rules(3), Cell("lqr", "reference", "lecam")):
        KEEP(job, trial.run(job), [])
    options = ("--tasks", "lqr", "--base", "reference", "--strategies", "lecam")
    assert bench("run", *options, "--settings", "tuned", "--engine", "serial") == 3
    assert "first: lqr/reference has not been searched" in capsys.readouterr().err
    names = {path.name for path in (folder / "lqr").glob("*[!h].json")}
    assert {"reference.json", "reference+placebo.json", "reference+lecam~tuned.json"} <= names
