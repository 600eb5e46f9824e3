"""Checks and draws as files: what is read, what else lies there, and that none of it lifts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.records import store
from bench.records.store import Found, walk
from bench.submissions import check
from bench.submissions.check import check_path, draw_path
from tests.support.checks import NOTHING, OTHER, REF, checked, draw, levels, some


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
    (path,) = some(results)
    before = [item.path for item in walk(results) if isinstance(item, Found)]
    checked([path])
    spoil(check_path(path))
    assert levels(results) == NOTHING
    assert [item.path for item in walk(results) if isinstance(item, Found)] == before
    (problem,) = check.problems(results)
    assert problem.rule == "check"
    assert text.lower() in problem.text.lower()


def test_a_check_without_its_record_is_named(results):
    (path,) = some(results)
    checked([path])
    path.unlink()
    (problem,) = check.problems(results)
    assert problem.text == f"there is no record {path}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("2/someone/ring8/run.py", "neither a check nor a draw"),
        ("2/someone/ring8/.gitattributes", "neither a check nor a draw"),
        ("2/someone/bare.json", "neither a check nor a draw"),
        ("2/someone/ring8/more/bare.json", "neither a check nor a draw"),
        ("2/someone/draws/bare.json", "neither a check nor a draw"),
        ("notes.txt", "neither a check nor a draw"),
        (f"2/someone/draws/{REF}.json", "Field required"),
        (f"2/nobody/draws/{REF}.json", "Field required"),
    ],
)
def test_whatever_else_is_among_checks_is_named(results, name, text):
    path = results / "checks" / name
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    (problem,) = check.problems(results)
    assert problem.file == str(path)
    assert text in problem.text
    assert levels(results) == NOTHING


def test_links_pipes_and_programs_among_checks_are_named_and_not_opened(results):
    checked(some(results, 3))
    folder = check_path(some(results)[0]).parent
    one, two, _ = sorted(folder.iterdir())
    one.chmod(0o755)
    two.rename(results / "elsewhere.json")
    two.symlink_to(results / "elsewhere.json")
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder.parent / "digits").symlink_to(folder)
    assert [problem.text for problem in check.problems(results)] == [
        *("a link", "executable", "a link", "no plain file", "a link")
    ]
    assert levels(results) == {"self-reported": 11, "reproduced": 1}


def test_a_draw_in_anothers_place_is_named(results):
    draw(results)
    path = draw_path(results / "2" / "someone", REF)
    path.rename(path.with_name(f"{OTHER}.json"))
    (problem,) = check.problems(results)
    assert problem.text == f"a draw from 2/someone by {REF}, in another's place"


def test_a_check_keeps_the_whole_re_run_and_reads_an_old_one(results):
    (path,) = some(results)
    checked([path])
    found = check.read(check_path(path))
    assert found.rerun.seeds == store.read(path).seeds[:10]
    raw = json.loads(check_path(path).read_text())
    raw["rerun"]["schema_version"] = 1
    for seed in raw["rerun"]["seeds"]:
        del seed["area"]
    check_path(path).write_text(json.dumps(raw))
    assert check.read(check_path(path)).rerun == found.rerun
