"""Trust: what raises it, what lowers it, and what does neither."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from bench.records import store
from bench.records.record import Record
from bench.records.store import Found, walk
from bench.submissions import canaries, check, trust
from bench.submissions.check import Check, check_path
from bench.submissions.draw import Draw, order
from tests.support.factories import make_record

REF = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c"
CELLS = 12


def make(cell: int, score: float = 1.0) -> Record:
    scores = [score + 0.1 * cell + 0.01 * seed for seed in range(12)]
    return make_record(strategy=f"s{cell}", scores=scores)


def put(results: Path, cell: int, record: Record | None = None) -> Path:
    path = results / "2" / "someone" / "ring8" / f"bare+s{cell}.json"
    store.write(path, record or make(cell))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """2/someone has twelve cells; nobody has checked them."""
    for cell in range(CELLS):
        put(tmp_path, cell)
    return tmp_path


def first(results: Path, count: int, ref: str = REF) -> list[Path]:
    """The records of the first cells in the order of a draw, and those after them."""
    folder = results / "2" / "someone"
    names = order(ref, check.cells(folder))
    paths = [results / f"{name}.json" for name in names]
    return paths[:count] if count > 0 else paths[count:]


def checked(
    records: Iterable[Path], drawn: Draw | None = None, seeds: int = 10, moved: float = 0.0
) -> None:
    """Check records by re-runs of so many seeds, the scores of the first one moved."""
    for path in records:
        whole = store.read(path)
        some = whole.model_copy(update={"seeds": whole.seeds[:seeds]})
        if moved:
            curve = [some.seeds[0].curve[0].model_copy(update={"metrics": {"fid": moved}})]
            curve += some.seeds[0].curve[1:]
            other = some.seeds[0].model_copy(update={"curve": curve})
            some = some.model_copy(update={"seeds": [other, *some.seeds[1:]]})
        check.write(check_path(path), Check.of(path, path.read_bytes(), drawn, some))


def levels(results: Path) -> dict[str, int]:
    """How many records have each level."""
    found = [item for item in walk(results) if isinstance(item, Found)]
    assert len(found) >= CELLS
    values = list(trust.levels(results, found).values())
    assert len(values) == len(found)
    return {level: values.count(level) for level in trust.LEVELS if level in values}


def reason(results: Path) -> str:
    found = [item for item in walk(results) if isinstance(item, Found)]
    return trust.reasons(results, found)["2/someone"]


DRAW = Draw(ref=REF, of=CELLS, count=5)
NOTHING = {"self-reported": CELLS}


def test_nothing_is_trusted_beyond_its_word_at_first(results):
    assert levels(results) == NOTHING
    assert reason(results) == "Nothing of it has been checked by others."


def test_a_whole_draw_that_agrees_lifts_the_submission(results):
    checked(first(results, 5), DRAW)
    assert levels(results) == {"spot-checked": 7, "reproduced": 5}
    assert reason(results) == "5 of 12 cells were run again and agree, 5 of them drawn by chance."
    assert check.problems(results) == []


def test_fewer_seeds_than_ten_spot_check_and_do_not_reproduce(results):
    checked(first(results, 5), DRAW, seeds=9)
    assert levels(results) == {"spot-checked": CELLS}


def test_a_small_draw_lifts_nothing_else(results):
    checked(first(results, 4), Draw(ref=REF, of=CELLS, count=4))
    assert levels(results) == {"self-reported": 8, "reproduced": 4}


def test_two_small_draws_are_as_good_as_one(results):
    other = "356a192b7913b04c54574d18c28d46e6395428ab"
    assert not {*first(results, 3)} & {*first(results, 2, other)}
    checked(first(results, 3), Draw(ref=REF, of=CELLS, count=3))
    checked(first(results, 2, other), Draw(ref=other, of=CELLS, count=2))
    assert levels(results) == {"spot-checked": 7, "reproduced": 5}


def test_a_small_submission_is_spot_checked_as_a_whole(tmp_path):
    for cell in range(3):
        put(tmp_path, cell)
    checked(first(tmp_path, 3), Draw(ref=REF, of=3, count=5), seeds=4)
    found = [item for item in walk(tmp_path) if isinstance(item, Found)]
    assert {*trust.levels(tmp_path, found).values()} == {"spot-checked"}


def test_cells_chosen_by_hand_say_nothing_of_others(results):
    checked(first(results, 11))
    assert levels(results) == {"self-reported": 1, "reproduced": 11}


def test_cells_that_were_chosen_cannot_pass_for_drawn(results):
    chosen = first(results, -5)
    checked(chosen, DRAW, seeds=4)
    assert levels(results) == NOTHING
    problems = [str(problem) for problem in check.problems(results)]
    assert len(problems) == 5
    assert all("by that hash, of which 5 are drawn [check]" in problem for problem in problems)


def test_nor_may_a_draw_leave_out_what_it_has_found(results):
    checked(first(results, 5), DRAW, seeds=4)
    assert levels(results) == {"spot-checked": CELLS}
    check_path(first(results, 5)[2]).unlink()
    assert levels(results) == NOTHING


def test_an_edited_record_loses_its_check(results):
    checked(first(results, 5), DRAW, seeds=4)
    path = first(results, 5)[0]
    path.write_text(path.read_text() + "\n")
    assert levels(results) == NOTHING
    (problem,) = check.problems(results)
    assert str(problem) == f"{check_path(path)}: {path} is not the file it has checked [check]"


def test_one_cell_that_differs_puts_all_back(results):
    path = first(results, 5)[0]
    checked(first(results, 5), DRAW)
    checked([path], moved=3.9)
    assert levels(results) == NOTHING
    assert reason(results).startswith(
        f"Not trusted beyond its own word: ring8/{path.stem} differs from its re-run: made alike, "
        "but seed 0 differs from step 0 on, in fid"
    )


def test_cells_that_come_later_leave_a_draw_valid_until_they_are_as_many(results):
    checked(first(results, 5), DRAW, seeds=4)
    for cell in range(CELLS, 2 * CELLS):
        put(results, cell)
    assert levels(results) == {"spot-checked": 2 * CELLS}
    put(results, 2 * CELLS)
    assert levels(results) == {"self-reported": 2 * CELLS + 1}
    assert check.problems(results) == []


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


def _corrupt(path: Path) -> None:
    path.write_text("{}")


def _claims_more(path: Path) -> None:
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"agrees": True}))


def _in_anothers_place(path: Path) -> None:
    path.rename(path.with_name("bare+s99.json"))


def _of_another_submission(path: Path) -> None:
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"submission": "other"}))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_corrupt, "Field required"),
        (_claims_more, "Extra inputs are not permitted"),
        (_in_anothers_place, "in another's place"),
        (_of_another_submission, "in another's place"),
    ],
)
def test_a_stray_check_changes_nothing_and_is_named(
    results: Path, spoil: Callable[[Path], None], text: str
):
    path = first(results, 1)[0]
    before = [item.path for item in walk(results) if isinstance(item, Found)]
    checked([path])
    spoil(check_path(path))
    assert levels(results) == NOTHING
    assert [item.path for item in walk(results) if isinstance(item, Found)] == before
    (problem,) = check.problems(results)
    assert problem.rule == "check"
    assert text.lower() in problem.text.lower()


def test_a_check_without_its_record_is_named(results):
    path = first(results, 1)[0]
    checked([path])
    path.unlink()
    (problem,) = check.problems(results)
    assert problem.text == f"there is no record {path}"


def test_a_check_keeps_the_whole_re_run_and_reads_an_old_one(results):
    path = first(results, 1)[0]
    checked([path], DRAW)
    found = check.read(check_path(path))
    assert found.rerun.seeds == store.read(path).seeds[:10]
    assert found.drawn == DRAW
    raw = json.loads(check_path(path).read_text())
    raw["rerun"]["schema_version"] = 1
    for seed in raw["rerun"]["seeds"]:
        del seed["area"]
    check_path(path).write_text(json.dumps(raw))
    assert check.read(check_path(path)).rerun == found.rerun


def test_a_submission_called_checks_has_records(tmp_path):
    path = tmp_path / "2" / "checks" / "ring8" / "bare+s0.json"
    store.write(path, make(0))
    for folder in (tmp_path, tmp_path / "2", tmp_path / "2" / "checks"):
        assert [item.path for item in walk(folder) if isinstance(item, Found)] == [path]


@pytest.mark.timing
def test_levels_of_a_large_site_are_there_at_once(results):
    record = make(0)
    found = [
        Found(results / "2" / f"name{number % 40}" / "ring8" / f"bare+s{number}.json", record)
        for number in range(1600)
    ]
    begin = time.process_time()
    assert len(trust.levels(results, found)) == 1600
    assert time.process_time() - begin < 1.0
