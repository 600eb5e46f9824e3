"""Searches for settings: what is drawn, what is chosen, and what a file may say."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import pytest

from bench import registry, search
from bench.grid import Cell, flat, load_grid, spec_hash
from bench.record import CorruptRecord, ScoreInfo
from bench.search import WORST, Point, Search, Tried, median, merit
from tests.closed_form import build, learner, run

R1 = Cell("dirac", "bare", "r1")
INFO = ScoreInfo.of(registry.task("dirac"))  # lower is better
SEARCHED = [
    cell
    for base in ("bare", "reference")
    for cell in load_grid("core").narrowed(None, None, (base,), None).cells()
    if search.space(cell)
]


def tried(number: int, *scores: float | None, stopped: bool = False) -> Tried:
    gamma = [1.0, 10.0, 0.1][number % 3]
    return Tried(
        number=number,
        settings={"r1": {"gamma": gamma}},
        status="stopped" if stopped else "finished",
        curve=[Point(step=50, score=1.0)],
        scores=list(scores),
        seconds=1.0,
        attempts=[],
    )


def searched(*tries: Tried, budget: int = 3, info: ScoreInfo = INFO) -> Search:
    within = search.space(R1)
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
        tries=list(tries),
        spec=search.search_spec(R1, within, [1000, 1001, 1002]),
        provenance=None,
    )


@pytest.mark.parametrize("cell", SEARCHED, ids=lambda cell: f"{cell.task}/{cell.name}")
def test_draws_are_the_published_settings_and_then_the_space_once_each(cell: Cell) -> None:
    within = search.space(cell)
    every = list(search.draws(cell, within))
    assert every[0] == search.searched(cell.settings(), within)
    assert len({flat(settings) for settings in every}) == len(every) == search.size(cell, within)
    assert all(search.contains(within, settings) for settings in every[1:])
    assert list(islice(search.draws(cell, within), 2)) == every[:2]  # a larger budget goes on
    for settings in every:  # and every one of them can be built
        cell.varied("1", settings).learner().blueprint  # noqa: B018


def test_all_tasks_try_the_same_settings_in_the_same_order() -> None:
    """Where the published ones are the same."""
    orders = []
    for task in ("ring8", "pendulum", "digits"):
        cell = Cell(task, "bare", "lecam+r1")
        orders.append(list(search.draws(cell, search.space(cell))))
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) == 4 * 3


def test_nothing_is_searched_of_bases_controls_switches_and_what_is_removed() -> None:
    for cell in (
        Cell("ring8", "bare"),
        Cell("ring8", "bare", "placebo"),
        Cell("ring8", "bare", "layer_norm"),
        Cell("ring8", "reference", "r1"),
    ):
        assert search.space(cell) == {}, cell


def test_of_a_kit_its_parts_are_searched_and_of_a_base_nothing() -> None:
    parts = search.space(Cell("pendulum", "bare", "ddpg"))
    assert parts.keys() == {"replay", "target_network"}
    assert search.space(Cell("pendulum", "reference", "huber")).keys() == {"huber"}


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


def test_merit_is_more_for_better_and_least_for_a_failure() -> None:
    rl = ScoreInfo.of(registry.task("pendulum"))
    assert merit(INFO, 1.0) > merit(INFO, 2.0) > merit(INFO, None) == WORST
    assert merit(rl, 2.0) > merit(rl, 1.0) > merit(rl, math.nan) == WORST


def test_the_best_has_the_best_median_then_fewer_failures_then_comes_first() -> None:
    def best(*tries: Tried, **rest: int) -> int | None:
        found = searched(*tries, **rest).best()
        return None if found is None else found.number

    assert best(tried(0, 2.0, 2.0, 2.0), tried(1, 1.0, 1.0, 9.0)) == 1
    assert best(tried(0, 2.0, 2.0, 2.0), tried(1, 2.0, 2.0, 2.0)) == 0
    assert best(tried(0, 1.0, 2.0, None), tried(1, 1.0, 2.0, 3.0)) == 1
    assert best(tried(0, None, None, None), tried(1, 1.0, None, None)) == 1  # fewer failures
    assert best(tried(0, 2.0, 2.0, 2.0), tried(1, stopped=True)) == 0
    assert best(tried(0, 2.0, 2.0, 2.0), tried(1, 1.0, 1.0, 1.0), budget=1) == 0
    assert best() is None


def test_a_search_is_complete_when_budget_or_space_is_used_up() -> None:
    assert not searched(tried(0, 1.0), tried(1, 1.0)).complete
    assert searched(tried(0, 1.0), tried(1, 1.0), budget=2).complete
    assert searched(tried(0, 1.0), tried(1, 1.0), tried(2, 1.0), budget=50).complete


def test_a_file_reads_as_it_was_written_and_broken_ones_are_named(tmp_path: Path) -> None:
    file = search.path(tmp_path / "1" / "x", R1)
    assert file == tmp_path / "1" / "x" / "dirac" / "bare+r1.search.json"
    made = searched(tried(0, 1.0, None, 2.0), tried(1, stopped=True))
    search.write(file, made)
    assert search.read(file) == made
    assert search.valid(file, made.spec) == made
    assert search.valid(file, "0" * 16) is None
    assert [found for _, found in search.walk(tmp_path)] == [made]
    file.write_text(file.read_text()[:-40])
    with pytest.raises(CorruptRecord, match=r"search\.json: Invalid JSON"):
        search.read(file)


def test_a_search_by_other_code_chooses_nothing(tmp_path: Path, monkeypatch) -> None:
    whole = searched(tried(0, 1.0), tried(1, 0.5), tried(2, 0.7))
    search.write(search.path(tmp_path, R1), whole)
    chosen, by = search.tuned(R1, tmp_path)
    assert (chosen.settings(), by) == ({"r1": {"gamma": 10.0}}, whole)
    monkeypatch.setattr(registry.strategy("r1").module, "SEARCH", {"gamma": (5.0,)})
    with pytest.raises(search.NoSearch, match="by other code"):
        search.tuned(R1, tmp_path)
