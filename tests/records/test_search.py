"""Searches for settings: what is drawn, what is chosen, and what a file may say."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import pytest

from bench.engine.plan import RunOptions
from bench.engine.tune_plan import Rules, plan_searches
from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.records import search_store
from bench.records.attempt import Attempt
from bench.records.json_file import CorruptRecord
from bench.records.paths import search_path
from bench.records.record import ScoreInfo
from bench.records.search import (
    WORST,
    Candidate,
    Search,
    SearchEvaluation,
    median,
    objective,
    objectives,
)
from bench.records.search_space import draws, search_space, size
from bench.records.search_store import NoSearch, most_candidates, search_spec, tuned
from tests.support.closed_form import build, learner, run

R1 = Cell("dirac", "bare", "r1")
INFO = ScoreInfo.of(registry.task("dirac"))  # lower is better
GAMMAS = [settings["r1"]["gamma"] for settings in draws(R1, search_space(R1))]


def candidate(number: int, *scores: float | None, stopped: bool = False) -> Candidate:
    """Settings with the same score of each seed at every evaluation."""
    points = 3 if stopped else 10
    return Candidate(
        number=number,
        settings={"r1": {"gamma": GAMMAS[number]}},
        status="stopped" if stopped else "finished",
        curve=[
            SearchEvaluation.of(50 * place, scores or [1.0] * 3) for place in range(1, points + 1)
        ],
        seconds=1.0,
        attempts=[],
    )


def make_search(*candidates: Candidate, budget: int = 3, info: ScoreInfo = INFO) -> Search:
    within = search_space(R1)
    return Search(
        task="dirac",
        domain="game",
        base="bare",
        strategy="r1",
        cell="bare+r1",
        score_info=info,
        seeds=[1000, 1001, 1002],
        budget=budget,
        searcher="random",
        halving=True,
        space=within,
        candidates=list(candidates),
        spec=search_spec(R1, within, [1000, 1001, 1002]),
        provenance=None,
    )


def test_settings_of_another_kind_of_cell_have_its_name() -> None:
    placed = Cell("pendulum", "reference", "huber", instead_of="replay")
    tuned = placed.varied("tuned", {"huber": {}})
    assert tuned.name == "reference-replay+huber~tuned"
    assert tuned.published == placed
    base = Cell("pendulum", "reference").varied("tuned", {"target_network": {"tau": 0.1}})
    assert base.name == "reference~tuned"
    assert Cell.parse("pendulum/reference~tuned").contrast == "base"


def test_settings_make_another_cell_with_another_hash() -> None:
    """The same settings, however they were given, are the same hash."""
    tuned = R1.varied("tuned", {"r1": {"gamma": 10.0}})
    assert (tuned.name, tuned.settings()) == ("bare+r1~tuned", {"r1": {"gamma": 10.0}})
    assert tuned.published == R1
    assert spec_hash(tuned) != spec_hash(R1)
    assert spec_hash(R1.varied("tuned", {})) == spec_hash(R1)
    asked = run(learner("dirac", build("r1", "dirac", gamma=10.0)), 3)[-1][1]
    assert run(tuned.learner(), 3)[-1][1] == asked != run(R1.learner(), 3)[-1][1]
    assert Cell.parse("dirac/bare+r1~tuned").name == tuned.name


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([1.0, 2.0, 9.0], 2.0),
        ([1.0, None, 9.0], 9.0),
        ([1.0, None, None], None),
        ([math.nan], None),
    ],
)
def test_failed_seeds_rank_worst_in_the_median(scores, expected) -> None:
    """Of a score of which less is better; of the other kind they are on the other side."""
    assert median(INFO, scores) == expected
    rl = ScoreInfo.of(registry.task("pendulum"))
    negative = [None if score is None else -score for score in scores]
    assert median(rl, negative) == (None if expected is None else -expected)


def test_the_objective_is_more_for_better_and_least_for_a_failure() -> None:
    rl = ScoreInfo.of(registry.task("pendulum"))
    assert objective(INFO, 1.0) > objective(INFO, 2.0) > objective(INFO, None) == WORST
    assert objective(rl, 2.0) > objective(rl, 1.0) > objective(rl, math.nan) == WORST


def test_the_best_has_the_best_median_then_fewer_failures_then_comes_first() -> None:
    def best(*candidates: Candidate, **rest: int) -> int | None:
        found = make_search(*candidates, **rest).best()
        return None if found is None else found.number

    assert best(candidate(0, 2.0, 2.0, 2.0), candidate(1, 1.0, 1.0, 9.0)) == 1
    assert best(candidate(0, 2.0, 2.0, 2.0), candidate(1, 2.0, 2.0, 2.0)) == 0
    assert best(candidate(0, 1.0, 2.0, None), candidate(1, 1.0, 2.0, 3.0)) == 1
    assert (
        best(candidate(0, None, None, None), candidate(1, 1.0, None, None)) == 1
    )  # fewer failures
    assert best(candidate(0, 2.0, 2.0, 2.0), candidate(1, stopped=True)) == 0
    assert best() is None
    both = make_search(candidate(0, 2.0, 2.0, 2.0), candidate(1, 1.0, 1.0, 1.0))
    assert [both.best(first).number for first in (1, 2, 9)] == [0, 1, 1]


def test_scores_are_those_of_a_record_with_the_same_curve() -> None:
    """The mean over the window of three; no score for what diverged, and none for a collapse."""
    good = [1.0] * 7 + [0.3, 0.2, 0.1]
    ends_in_nan = [0.1] * 9 + [math.nan]
    collapsed = [0.1] * 7 + [1.1] * 3  # from nine tenths of the way to less than one tenth
    columns = zip(good, ends_in_nan, collapsed, strict=True)
    points = [
        SearchEvaluation.of(50 * place, scores) for place, scores in enumerate(columns, start=1)
    ]
    made = candidate(0).model_copy(update={"curve": points})
    scores = made.scores(INFO)
    assert scores == [pytest.approx(0.2), None, None]
    assert made.objectives(INFO)[:2] == [-0.1, -0.1]  # of 1, 0.1 and 0.1


def test_halving_compares_scores_so_far_and_not_single_evaluations() -> None:
    """Of three seeds, the median of their means over the last three evaluations."""
    columns = ([0.9, 0.3, 0.6, 0.0], [0.5, 0.5, 0.5, 0.5], [0.1, 0.1, 0.1, 3.7])
    points = [
        SearchEvaluation.of(50 * place, scores)
        for place, scores in enumerate(zip(*columns, strict=True), start=1)
    ]
    assert objectives(INFO, points) == pytest.approx([-0.5, -0.5, -0.5, -0.5])
    assert objectives(INFO, points[:3]) == objectives(INFO, points)[:3]
    higher = INFO.model_copy(update={"better": "higher"})
    lost = [*points[:3], SearchEvaluation.of(200, [math.nan, 0.5, 3.7])]
    assert objectives(higher, lost) == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert objectives(higher, [SearchEvaluation.of(50, [math.nan, math.nan, 1.0])]) == [WORST]


def test_no_search_is_begun_that_would_not_fit_in_its_file(tmp_path: Path) -> None:
    """A full one with long numbers and failures fits, and one more would be refused."""
    cell = Cell("ring8", "bare", "dragan+lecam+r1")
    within, seeds = search_space(cell), 10
    most = most_candidates(cell, seeds)
    assert 20 < most < size(within)
    step, score = 1_000_000, -1.234567e-101
    every = [
        Candidate(
            number=number,
            settings=settings,
            status="finished",
            curve=[SearchEvaluation.of(step + place, [score] * seeds) for place in range(10)],
            seconds=12345.678,
            attempts=[Attempt(reason="interrupted")] * 2,
        )
        for number, settings in enumerate(islice(draws(cell, within), most))
    ]
    whole = make_search().model_copy(update={"candidates": every, "space": within})
    search_store.write(tmp_path / "2" / "x" / "y.json", whole)
    with pytest.raises(BadGrid, match=f"do not fit in one file; at most {most}"):
        plan_searches([cell], tmp_path, Rules(budget=most + 1, seeds=seeds), RunOptions())
    assert plan_searches([cell], tmp_path, Rules(budget=most, seeds=seeds), RunOptions()).jobs


def test_a_search_is_complete_when_budget_or_space_is_used_up() -> None:
    assert not make_search(candidate(0, 1.0), candidate(1, 1.0)).complete
    assert make_search(candidate(0, 1.0), candidate(1, 1.0), budget=2).complete
    assert make_search(*(candidate(number, 1.0) for number in range(4)), budget=50).complete


def test_a_file_reads_as_it_was_written_and_broken_ones_are_named(tmp_path: Path) -> None:
    file = search_path(tmp_path / "2" / "x", R1)
    assert file == tmp_path / "2" / "x" / "dirac" / "bare+r1.search.json"
    made = make_search(candidate(0, 1.0, None, 2.0), candidate(1, stopped=True))
    search_store.write(file, made)
    assert search_store.read(file) == made
    assert search_store.valid(file, made.spec) == made
    assert search_store.valid(file, "0" * 16) is None
    assert [found for _, found in search_store.walk(tmp_path)] == [made]
    file.write_text(file.read_text()[:-40])
    with pytest.raises(CorruptRecord, match=r"search\.json: not a search: Unterminated"):
        search_store.read(file)


def test_a_search_by_other_code_chooses_nothing(tmp_path: Path, monkeypatch) -> None:
    whole = make_search(candidate(0, 1.0), candidate(1, 0.5), candidate(2, 0.7))
    search_store.write(search_path(tmp_path, R1), whole)
    chosen, by = tuned(R1, tmp_path)
    assert (chosen.settings(), by) == ({"r1": {"gamma": 10.0}}, whole)
    monkeypatch.setattr(registry.strategy("r1").module, "SEARCH", {"gamma": (5.0,)})
    with pytest.raises(NoSearch, match="by other code"):
        tuned(R1, tmp_path)
