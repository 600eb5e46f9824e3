"""`tune` finds the settings that are known to be best, and `run --settings tuned` uses them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench.engine import ray_search
from bench.engine.plan import RunOptions
from bench.engine.tune_plan import Rules, SearchJob, plan_searches
from bench.engine.tune_results import SearchWriter, Stopped, Suggestions
from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell
from bench.records import search_store
from bench.records.paths import search_path
from bench.records.search import Candidate, Search, SearchEvaluation
from bench.records.search_space import search_space, size
from bench.records.store import read
from tests.support.closed_form import build, learner, update_matrix
from tests.support.fakes import FakeTraining, bench
from tests.support.suite import LONG, Suite, planted, wait_for

pytestmark = pytest.mark.ray

R1 = Cell("dirac", "bare", "r1")
RULES = Rules(budget=3)
KEEP = SearchWriter()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def radius(gamma: float) -> float:
    """By how much an update of the Dirac-GAN with R1 shrinks the distance in the long run."""
    matrix = update_matrix(learner("dirac", build("r1", "dirac", gamma=gamma)))
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def found(suite: Suite, name: str = "local") -> Search:
    return search_store.read(search_path(suite.folder / "results" / "1" / name, R1))


GRID = ("--tasks", "dirac", "--strategies", "r1,layer_norm", "--base", "bare")
ONE_BY_ONE = ("--max-concurrent", "1")


def test_from_a_search_to_records_with_its_choice(suite: Suite) -> None:
    """Real training through Ray. By the spectral radius gamma 1 is best of 0.1, 1 and 10."""
    tune = ("tune", *GRID, *ONE_BY_ONE)
    code, out, err = suite(*tune, "--budget", "2")
    assert (code, err) == (0, "")
    assert "to search dirac/bare+r1: 2 settings, 3 seeds each" in out
    assert "nothing to search in dirac/bare and 3 more: " in out
    first = found(suite)
    assert first.seeds == [1000, 1001, 1002]
    assert first.complete
    assert first.provenance is not None
    code, out, _ = suite("run", *GRID, "--settings", "tuned", "--dry-run")
    assert (code, "bare+r1~tuned" in out) == (0, True)

    code, _, err = suite(*tune, "--budget", "9")  # of the three that there are
    assert (code, err) == (0, "")
    whole = found(suite)
    assert whole.candidates[: len(first.candidates)] == first.candidates  # not tried again
    assert [tried.number for tried in whole.candidates] == [0, 1, 2]
    before = suite.begun
    assert suite(*tune, "--budget", "9")[0] == 0
    assert suite.begun == before

    best = whole.best()
    assert best is not None
    gammas = [tried.settings["r1"]["gamma"] for tried in whole.candidates]
    assert gammas[0] == 1.0  # the published one
    assert best.settings["r1"]["gamma"] == min(gammas, key=radius)
    for tried in whole.candidates[1:]:  # behind from the start
        assert tried.status == "stopped"
        assert len(tried.curve) in {3, 6}  # where they are compared
    steps = registry.task("dirac").updates
    assert (len(best.curve), best.curve[-1].step) == (10, steps)

    run = ("run", *GRID, "--settings", "tuned", "--seeds", "2", "--engine", "serial")
    code, _, err = suite(*run)
    assert (code, err) == (0, "")
    folder = suite.folder / "results" / "1" / "local"
    cells = {path.stem for path in folder.glob("dirac/*.json") if "search" not in path.name}
    controls = {"bare", "bare+harmful", "bare+placebo"}
    assert cells == {*controls, "bare+layer_norm", "bare+r1~tuned"}
    tuned = read(folder / "dirac" / "bare+r1~tuned.json")
    assert (tuned.settings_from, tuned.settings) == ("tuned", best.settings)
    assert [result.seed for result in tuned.seeds] == [0, 1]
    assert "5 already have records" in suite(*run)[1]
    assert suite("validate", "results/1/local") == (0, "6 records are valid\n", "")


def test_a_model_chooses_through_ray_and_what_crashes_is_tried_again(suite: Suite) -> None:
    """Two settings at a time; the published ones are never proposed, even while they run."""
    suite.plant(
        {"cell": "dirac/bare+r1~0", "kind": "crash", "at": 0.7},
        {"cell": "dirac/bare+r1~1", "kind": "full"},
    )
    code, out, err = suite("tune", *GRID, "--budget", "3", "--searcher", "optuna")
    assert (code, err) == (0, "")
    assert "crashed, again later: dirac/bare+r1~0" in out
    assert planted(suite) >= {"0-crash-0", "1-full-0"}
    whole = found(suite)
    assert [attempt.reason for attempt in whole.candidates[0].attempts] == ["crashed"]
    assert {tried.settings["r1"]["gamma"] for tried in whole.candidates} == {0.1, 1.0, 10.0}
    assert suite("validate", "results/1/local") == (0, "1 record is valid\n", "")


def test_a_killed_search_goes_on_where_it_was(suite: Suite) -> None:
    """SIGKILL of the command; what had been tried is not tried again, and the file is whole."""
    undisturbed = Suite(suite.folder / "undisturbed")
    undisturbed.folder.mkdir()
    whole = ("tune", *GRID, "--budget", "3", "--no-halving", *ONE_BY_ONE)
    assert undisturbed(*whole)[0] == 0
    suite.plant({"cell": "dirac/bare+r1~1", "kind": "hang", "at": 0.5})
    process = suite.start(*whole)
    wait_for(process, lambda: "0-hang-0" in planted(suite))
    assert [tried.number for tried in found(suite).candidates] == [0]
    process.kill()
    process.communicate(timeout=LONG)
    code, _, err = suite(*whole)
    assert (code, err) == (0, "")
    assert suite.trained["dirac/bare+r1~0", "1000, 1001, 1002"] == 1
    assert [timeless(tried) for tried in found(suite).candidates] == [
        timeless(tried) for tried in found(undisturbed).candidates
    ]
    assert {tried.status for tried in found(suite).candidates} == {"finished"}


def timeless(tried: Candidate) -> Candidate:
    return tried.model_copy(update={"seconds": 0.0})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "1" / "local"


def tries(folder: Path, rules: Rules = RULES, cell: Cell = R1) -> list[SearchJob]:
    return plan_searches([cell], folder, rules, RunOptions()).searches.get(
        f"{cell.task}/{cell.name}", []
    )


def stop(job: SearchJob, *scores: float) -> None:
    """What the job's settings gave before they were stopped."""
    points = [
        SearchEvaluation.of(50 * place, [score] * 3) for place, score in enumerate(scores, start=1)
    ]
    KEEP(job, Stopped(points, seconds=1.0), [])


def test_settings_compete_with_those_of_their_own_cell_alone(folder: Path) -> None:
    """After three evaluations: the published ones go on, and the lower half is stopped."""

    mine, other = tries(folder), tries(folder, cell=Cell("dirac", "bare", "dragan"))
    halving = ray_search.Halving([*mine, *other])
    stand_ins = {id(job): SimpleNamespace(trial_id=f"{i}", config={"job": job}) for i, job in
                 enumerate([*mine, *other])}  # fmt: skip

    def says(job: SearchJob, objective: float, evaluation: int = 3) -> str:
        trial = stand_ins[id(job)]
        halving.on_trial_add(None, trial)
        result = {"evaluation": evaluation, "objective": objective}
        return str(halving.on_trial_result(None, trial, result))

    assert says(mine[0], 1.0) == "CONTINUE"
    assert says(mine[1], 0.5, evaluation=2) == "CONTINUE"
    assert says(mine[1], 0.5) == "STOP"
    assert says(mine[2], 2.0) == "CONTINUE"
    assert says(other[1], -9.0) == "CONTINUE"  # the first of its own
    assert says(other[0], -99.0) == "CONTINUE"  # published
    assert halving.on_trial_result(None, stand_ins[id(mine[0])], {"share": 0.5}) == "CONTINUE"


def test_what_was_tried_before_still_competes(folder: Path) -> None:

    first, *_ = tries(folder)
    stop(first, 0.9, 0.5, 0.1)  # distances: less is better
    for job in tries(folder):
        halving = ray_search.Halving([job])
        trial = SimpleNamespace(trial_id="new", config={"job": job})
        halving.on_trial_add(None, trial)
        worse = {"evaluation": 3, "objective": -0.2}
        assert halving.on_trial_result(None, trial, worse) == "STOP"
    (job, *_) = tries(folder / "other", replace(RULES, halving=False))
    assert ray_search.Halving([job])._schedulers == {}


def test_a_searcher_never_proposes_what_was_tried(folder: Path) -> None:
    """Optuna with nine settings in its space: each of them once, whatever it believes."""

    rules = Rules(budget=9, searcher="optuna")
    cell = Cell("dirac", "bare", "dragan")
    jobs = tries(folder, rules, cell)
    assert [job.open for job in jobs] == [False] + [True] * 8
    proposals, seen = Suggestions(ray_search.optuna_suggestions), [jobs[0].cell.settings()]
    for turn, job in enumerate(jobs[1:]):
        settled = proposals.settle(job)
        assert not settled.open
        assert settled.cell.settings() not in seen
        seen.append(settled.cell.settings())
        if turn % 2:  # some are under way when the next one is asked for
            stop(settled, 1.0 / (turn + 1))
    assert size(cell, search_space(cell)) == 9


OTHERWISE = {
    "--seeds 3, not --seeds 5": Rules(budget=3, seeds=5),
    "--budget 3, not --budget 2": Rules(budget=2),
    "--searcher random, not --searcher optuna": Rules(budget=3, searcher="optuna"),
    "--halving, not --no-halving": Rules(budget=3, halving=False),
}


@pytest.mark.parametrize("said", OTHERWISE)
def test_a_search_keeps_its_rules_and_only_its_budget_grows(folder: Path, said: str) -> None:
    """Otherwise strategies would not have had the same chance, or what was tried would be lost."""
    for job in tries(folder):
        stop(job, 1.0)
    file = search_path(folder, R1)
    before = file.read_bytes()
    with pytest.raises(BadGrid, match=f"was made with {said}; .* or give another --name"):
        tries(folder, OTHERWISE[said])
    assert file.read_bytes() == before
    assert tries(folder, Rules(budget=9)) == []
    assert (search_store.read(file).budget, len(search_store.read(file).candidates)) == (9, 3)


def test_free_numbers_are_given_to_settings_that_were_not_tried(folder: Path) -> None:
    """Number 1 was lost, and the others were tried: it is what remains."""
    first, second, third = tries(folder)
    stop(first, 1.0)
    stop(third, 1.0)
    (job,) = tries(folder)
    assert (job.number, job.cell.settings()) == (1, second.cell.settings())


def test_an_edited_space_begins_anew(folder: Path, monkeypatch) -> None:
    for job in tries(folder):
        stop(job, 1.0)
    monkeypatch.setattr(registry.strategy("r1").module, "SEARCH", {"gamma": (5.0,)})
    again = tries(folder)
    assert [job.cell.settings()["r1"]["gamma"] for job in again] == [1.0, 5.0]


def test_a_broken_search_is_kept_aside_and_made_again(folder: Path) -> None:
    stop(tries(folder)[0], 1.0)
    file = search_path(folder, R1)
    file.write_text("{")
    seen = plan_searches([R1], folder, RULES, RunOptions(), dry_run=True)
    assert (len(seen.jobs), len(seen.corrupt), file.read_text()) == (3, 1, "{")
    plan = plan_searches([R1], folder, RULES, RunOptions())
    planned = plan.searches["dirac/bare+r1"]
    assert (len(planned), file.exists()) == (3, False)
    assert "kept as bare+r1.search.json.corrupt" in plan.corrupt[0]
    stop(tries(folder)[0], 1.0)
    file.write_text("{")  # broken since it was written, by the process that still runs
    stop(planned[1], 1.0)
    assert [tried.number for tried in search_store.read(file).candidates] == [0, 1]


@pytest.fixture
def finished(folder: Path, monkeypatch) -> Path:
    """A finished search of r1 and one of dragan with another budget; its folder."""
    monkeypatch.chdir(folder.parents[2])
    monkeypatch.setattr("bench.training.train.train", FakeTraining(evaluations=10))
    from bench.engine import trial

    for cell, budget in ((R1, 3), (Cell("dirac", "bare", "dragan"), 2)):
        for job in tries(folder, Rules(budget), cell):
            KEEP(job, trial.run(job), [])
    return folder


def error(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


TUNED = ("run", "--tasks", "dirac", "--base", "bare", "--settings", "tuned", "--engine", "serial")


def test_tuned_settings_need_searches_that_were_the_same_chance(finished: Path, capsys) -> None:
    assert bench(*TUNED, "--strategies", "lecam,huber") == 2
    assert error(capsys) == (
        "error: dirac/bare+huber has not been searched in results/1/local; run "
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "0"], "Invalid value for '--budget'"),
        ([], "Missing option '--budget'"),
        (["--budget", "4", "--tasks", "dirca"], "did you mean 'dirac'?"),
        (["--budget", "4", "--name", "a/b"], "is no plain name"),
        (["--budget", "4", "--seeds", "0"], "Invalid value for '--seeds'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch, capsys, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("tune", *arguments) == 2
    assert message in error(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_a_search_would_cost_and_leaves_nothing(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("--tasks", "ring8", "--strategies", "r1,placebo", "--base", "bare")
    assert bench("tune", *small, "--budget", "8", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "to search ring8/bare+r1: 3 settings, 3 seeds each, at most about" in out
    assert "1 cells to search, 0 already searched" in out
    assert list(tmp_path.iterdir()) == []


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
    "a wider space": lambda s: s["space"]["r1"].update(gamma=[0.1, 1.0, 10.0, 20.0]),
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


def error_lines(capsys) -> list[str]:
    return list(capsys.readouterr().err.splitlines())


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
