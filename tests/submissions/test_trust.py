"""Trust: what raises it, what lowers it, and what does neither."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from bench.records import store
from bench.records.store import Found, walk
from bench.report.beside import MEANINGS
from bench.submissions import canaries, check, trust
from bench.submissions.check import check_path
from tests.support.checks import (
    CELLS,
    NOTHING,
    OTHER,
    REF,
    checked,
    draw,
    levels,
    levels_of,
    make,
    put,
    some,
)


def reason(results: Path) -> str:
    found = [item for item in walk(results) if isinstance(item, Found)]
    return trust.submissions(results, found)["2/someone"].reason


def test_the_page_of_results_says_the_same_of_each_level_as_reports_do():
    page = (Path(__file__).parents[2] / "results" / "README.md").read_text("utf-8")
    rows = [f"| {level} | {MEANINGS[level]} |" for level in trust.LEVELS]
    assert "\n".join(rows) in page
    assert page.count("| spot-checked |") == 1


def test_nothing_is_trusted_beyond_its_word_at_first(results):
    assert levels(results) == NOTHING
    assert reason(results) == "Nothing of it has been checked by others."


def test_a_whole_draw_that_agrees_lifts_the_submission(results):
    checked(draw(results))
    assert levels(results) == {"spot-checked": 7, "reproduced": 5}
    assert reason(results) == "5 of 12 cells were run again and agree, 5 of them drawn by chance."
    assert check.problems(results) == []


def test_fewer_seeds_than_ten_spot_check_and_do_not_reproduce(results):
    checked(draw(results), seeds=9)
    assert levels(results) == {"spot-checked": CELLS}


def test_a_small_draw_lifts_nothing_else(results):
    checked(draw(results, 4))
    assert levels(results) == {"self-reported": 8, "reproduced": 4}


def test_two_small_draws_are_as_good_as_one_if_they_draw_other_cells(results):
    one, other = draw(results, 3), draw(results, 2, OTHER)
    assert not {*one} & {*other}
    checked([*one, *other], seeds=4)
    assert levels(results) == {"spot-checked": CELLS}


def test_a_cell_that_two_draws_have_drawn_counts_once(results):
    drawn = {*draw(results, 3)}
    refs = (hashlib.sha1(bytes([number])).hexdigest() for number in range(200))
    (ref, *_) = [ref for ref in refs if len(drawn | {*draw(results, 2, ref)}) == 4]
    for path in (results / "checks/2/someone/draws").iterdir():
        if path.stem not in {REF, ref}:
            path.unlink()
    checked(drawn | {*draw(results, 2, ref)}, seeds=4)
    assert levels(results) == NOTHING


def test_draws_that_overlap_do_not_hurt_each_other(results):
    one, other = draw(results), draw(results, 5, OTHER)
    assert {*one} & {*other}
    checked(one, seeds=4)
    assert levels(results) == {"spot-checked": CELLS}
    checked(other, seeds=4)
    assert levels(results) == {"spot-checked": CELLS}
    for path in {*other} - {*one}:
        check_path(path).unlink()
    assert levels(results) == {"spot-checked": CELLS}  # by the first one


def test_a_small_submission_is_spot_checked_as_a_whole(tmp_path):
    for cell in range(3):
        put(tmp_path, cell)
    checked(draw(tmp_path), seeds=4)
    found = [item for item in walk(tmp_path) if isinstance(item, Found)]
    assert {*levels_of(tmp_path, found).values()} == {"spot-checked"}


def test_cells_chosen_by_hand_say_nothing_of_others(results):
    checked(some(results, 11))
    assert levels(results) == {"self-reported": 1, "reproduced": 11}


def test_a_draw_of_which_nothing_was_run_says_nothing(results):
    draw(results)
    assert levels(results) == NOTHING
    assert check.problems(results) == []


def test_nor_may_a_draw_leave_out_what_it_has_found(results):
    drawn = draw(results)
    checked(drawn, seeds=4)
    check_path(drawn[2]).unlink()
    assert levels(results) == NOTHING


def test_a_record_that_could_not_be_drawn_is_not_spot_checked(results):
    checked(draw(results, fewer=2), seeds=4)
    assert levels(results) == {"self-reported": 2, "spot-checked": 10}


def test_a_record_that_came_later_is_not_spot_checked(results):
    checked(draw(results), seeds=4)
    put(results, CELLS)
    assert levels(results) == {"self-reported": 1, "spot-checked": CELLS}


def test_a_record_that_has_changed_since_a_draw_keeps_its_own_level(results):
    """Honestly, as by more seeds: that is no problem, and others stay what they are."""
    drawn = draw(results)
    checked(drawn, seeds=4)
    (path, *_) = [p for p in some(results, CELLS) if p not in drawn]
    path.write_text(path.read_text() + "\n")
    assert levels(results) == {"self-reported": 1, "spot-checked": 11}
    assert check.problems(results) == []


def test_a_drawn_record_that_has_changed_makes_the_draw_count_no_more(results):
    drawn = draw(results)
    checked(drawn, seeds=4)
    drawn[0].write_text(drawn[0].read_text() + "\n")
    assert levels(results) == NOTHING
    assert check.problems(results) == []
    checked(drawn, seeds=4)  # of the record as it is now, which was not in the pool
    assert levels(results) == NOTHING


def test_one_cell_that_differs_puts_all_back(results):
    drawn = draw(results)
    checked(drawn)
    checked(drawn[:1], moved=3.9)
    assert levels(results) == NOTHING
    assert reason(results).startswith(
        f"Not trusted beyond its own word: ring8/{drawn[0].stem} differs from its re-run: made "
        "alike, but seed 0 differs from step 0 on, in fid"
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"seconds": {"update": 12.0, "evaluate": 3.0}}, "its re-run is the record itself"),
        ({"commit": None}, "its re-run names no commit"),
        ({"dirty": True}, "its re-run was made by changed code"),
        ({"dirty": None}, "its re-run was made by changed code"),
    ],
)
def test_a_re_run_that_nobody_made_does_not_count_and_is_named(results, changes, text):
    drawn = draw(results)
    made = store.read(drawn[0]).provenance.model_copy(update=changes)
    checked(drawn, **(changes if "seconds" in changes else {"provenance": made}))
    assert levels(results) == NOTHING
    problems = check.problems(results)
    assert len(problems) == 5
    assert all(problem.text.startswith(text) for problem in problems)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (lambda number: "passed", {"canary-passed": 12}),
        (lambda number: "passed" if number else "none", {"self-reported": 1, "canary-passed": 11}),
        (lambda number: "passed" if number else "failed", NOTHING),
    ],
)
def test_canaries_lift_what_has_them_unless_one_fails(results, monkeypatch, outcome, expected):
    def outcomes(found: list[Found], believed: object) -> dict[Path, str]:
        return {item.path: outcome(number) for number, item in enumerate(found)}

    monkeypatch.setattr(canaries, "outcomes", outcomes)
    assert levels(results) == expected


def test_a_submission_called_checks_has_records(tmp_path):
    path = tmp_path / "2" / "checks" / "ring8" / "bare+s0.json"
    store.write(path, make(0))
    for folder in (tmp_path, tmp_path / "2", tmp_path / "2" / "checks"):
        assert [item.path for item in walk(folder) if isinstance(item, Found)] == [path]
        assert check.problems(folder) == []


@pytest.mark.timing
def test_levels_of_a_large_site_are_there_at_once(results):
    record = make(0)
    found = [
        Found(results / "2" / f"name{number % 40}" / "ring8" / f"bare+s{number}.json", record)
        for number in range(1600)
    ]
    begin = time.process_time()
    assert len(levels_of(results, found)) == 1600
    assert time.process_time() - begin < 1.0
