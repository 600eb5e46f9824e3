"""Which settings a search tries, which compete, and what `tune` refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.engine.plan import RunOptions
from bench.engine.tune_plan import Rules, SearchJob, plan_searches
from bench.engine.tune_results import Suggestions
from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell
from bench.records import search_store
from bench.records.paths import search_path
from bench.records.search import objectives
from bench.records.search_space import search_space, size
from tests.support.fakes import bench
from tests.support.searches import R1, RULES, search_jobs, stop
from tests.support.small import one_error


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "2" / "local"


def test_settings_compete_with_those_of_their_own_cell_alone(folder: Path) -> None:
    """After three evaluations: the published ones go on, and the lower half is stopped."""
    from bench.engine import ray_search

    mine, other = search_jobs(folder), search_jobs(folder, cell=Cell("dirac", "bare", "dragan"))
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


def test_a_trial_reports_scores_so_far(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means over three evaluations, as of a candidate; none before training and at its end."""
    from bench.engine import ray_engine

    columns = [[0.9, 0.5, math.nan], [0.3, 0.5, 0.1], [0.6, 0.5, 0.1], [0.0, 0.5, 3.7]]
    reports = []

    def run(job, updated, evaluated) -> str:
        for place, scores in enumerate([[1.0] * 3, *columns]):
            evaluated(50 * place, scores)
        evaluated(job.steps, [1.0] * 3)
        return "done"

    monkeypatch.setattr("bench.engine.trial.run", run)
    monkeypatch.setattr("ray.tune.report", reports.append)
    job = search_jobs(folder)[1]
    ray_engine._trial({"job": job})
    *evaluations, last = reports
    assert last == {"share": 1.0, "result": "done"}
    assert [report["evaluation"] for report in evaluations] == [1, 2, 3, 4]
    assert [report["objective"] for report in evaluations] == pytest.approx(
        [-0.9, -0.6, -0.6, -0.5]
    )
    curve = [report["scores"] for report in evaluations]
    assert objectives(job.search.score_info, curve) == [r["objective"] for r in evaluations]


def test_what_was_tried_before_still_competes(folder: Path) -> None:
    from bench.engine import ray_search

    first, *_ = search_jobs(folder)
    stop(first, 0.9, 0.5, 0.1)  # distances, of 0.5 so far: less is better
    for job in search_jobs(folder):
        halving = ray_search.Halving([job])
        trial = SimpleNamespace(trial_id="new", config={"job": job})
        halving.on_trial_add(None, trial)
        worse = {"evaluation": 3, "objective": -0.6}
        assert halving.on_trial_result(None, trial, worse) == "STOP"
    (job, *_) = search_jobs(folder / "other", replace(RULES, halving=False))
    assert ray_search.Halving([job])._schedulers == {}


def test_a_searcher_never_proposes_what_was_tried(folder: Path) -> None:
    """Optuna with nine settings in its space: each of them once, whatever it believes."""
    from bench.engine import ray_search

    rules = Rules(budget=9, searcher="optuna")
    cell = Cell("dirac", "bare", "dragan")
    jobs = search_jobs(folder, rules, cell)
    assert [job.open for job in jobs] == [False] + [True] * 8
    proposals, seen = Suggestions(ray_search.optuna_suggestions), [jobs[0].cell.settings()]
    for turn, job in enumerate(jobs[1:]):
        settled = proposals.settle(job)
        assert not settled.open
        assert settled.cell.settings() not in seen
        seen.append(settled.cell.settings())
        if turn % 2:  # some are under way when the next one is asked for
            stop(settled, 1.0 / (turn + 1))
    assert size(search_space(cell)) == 9


OTHERWISE = {
    "--seeds 3, not --seeds 5": Rules(budget=3, seeds=5),
    "--budget 3, not --budget 2": Rules(budget=2),
    "--searcher random, not --searcher optuna": Rules(budget=3, searcher="optuna"),
    "--halving, not --no-halving": Rules(budget=3, halving=False),
}


@pytest.mark.parametrize("said", OTHERWISE)
def test_a_search_keeps_its_rules_and_only_its_budget_grows(folder: Path, said: str) -> None:
    """Otherwise strategies would not have had the same chance, or what was tried would be lost."""
    for job in search_jobs(folder):
        stop(job, 1.0)
    file = search_path(folder, R1)
    before = file.read_bytes()
    with pytest.raises(BadGrid, match=f"was made with {said}; .* or give another --name"):
        search_jobs(folder, OTHERWISE[said])
    assert file.read_bytes() == before
    (job,) = search_jobs(folder, Rules(budget=9))  # the space has one more
    stop(job, 1.0)
    assert search_jobs(folder, Rules(budget=9)) == []
    assert (search_store.read(file).budget, len(search_store.read(file).candidates)) == (9, 4)


def test_free_numbers_are_given_to_settings_that_were_not_tried(folder: Path) -> None:
    """Number 1 was lost, and the others were tried: it is what remains."""
    first, second, third = search_jobs(folder)
    stop(first, 1.0)
    stop(third, 1.0)
    (job,) = search_jobs(folder)
    assert (job.number, job.cell.settings()) == (1, second.cell.settings())


def test_an_edited_space_begins_anew(folder: Path, monkeypatch) -> None:
    for job in search_jobs(folder):
        stop(job, 1.0)
    monkeypatch.setattr(registry.strategy("r1").module, "SEARCH", {"gamma": (5.0,)})
    again = search_jobs(folder)
    assert [job.cell.settings()["r1"]["gamma"] for job in again] == [1.0, 5.0]


def test_a_broken_search_is_kept_aside_and_made_again(folder: Path) -> None:
    stop(search_jobs(folder)[0], 1.0)
    file = search_path(folder, R1)
    file.write_text("{")
    seen = plan_searches([R1], folder, RULES, RunOptions(), dry_run=True)
    assert (len(seen.jobs), len(seen.corrupt), file.read_text()) == (3, 1, "{")
    plan = plan_searches([R1], folder, RULES, RunOptions())
    planned = plan.searches["dirac/bare+r1"]
    assert (len(planned), file.exists()) == (3, False)
    assert "kept as bare+r1.search.json.corrupt" in plan.corrupt[0]
    stop(search_jobs(folder)[0], 1.0)
    file.write_text("{")  # broken since it was written, by the process that still runs
    stop(planned[1], 1.0)
    assert [tried.number for tried in search_store.read(file).candidates] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "0"], "Invalid value for '--budget'"),
        ([], "Missing option '--budget'"),
        (["--budget", "4", "--tasks", "dirca"], "did you mean 'dirac'?"),
        (["--budget", "4", "--name", "a/b"], "is no name"),
        (["--budget", "4", "--seeds", "0"], "Invalid value for '--seeds'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch, capsys, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("tune", *arguments) == 2
    assert message in one_error(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_a_search_would_cost_and_leaves_nothing(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("--tasks", "ring8", "--strategies", "r1,placebo", "--base", "bare")
    assert bench("tune", *small, "--budget", "8", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "to search ring8/bare+r1: 4 settings, 3 seeds each, at most about" in out
    assert "1 cells to search, 0 already searched" in out
    assert list(tmp_path.iterdir()) == []
