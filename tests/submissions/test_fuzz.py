"""No mutant of a file brings validator, report or show down, and none is believed that lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.cli.errors import _fixable
from bench.engine import trial
from bench.engine.tune_plan import Rules
from bench.experiment.cell import Cell
from bench.experiment.grid import Grid
from bench.records import search_store, store
from bench.records.json_file import CorruptRecord, Part
from bench.report import show, tables
from bench.report.findings import study
from bench.report.grounds import PlaceboMoved
from bench.report.searches import budget_curves, search_table
from bench.report.selection import select
from bench.submissions import manifest
from bench.submissions.validate import validate
from tests.submissions.conftest import COMMIT, run_grid
from tests.submissions.mutants import changed_bytes, mutants
from tests.support.fakes import FakeTraining
from tests.support.searches import KEEP, search_jobs, tell_apart

CELL = Cell("ring8", "bare", "r1")

FREE = {
    "record": re.compile(
        r"seconds\.(update|x)|seconds_seeds"  # how long it took
        r"|seeds\.\*\.attempts"  # what went wrong before
        r"|provenance\.suite"
        r"|seeds\.\*\.curve\.\*\.metrics\.(?!fid).*"  # what no score is made of
    ),
    "search": re.compile(
        r"candidates\.\*\.(seconds|attempts|curve\.\*\.scores\.\*)|provenance(\..*)?"
    ),
}
"""Fields in which a mutant may pass: only a re-run can tell, and no score is made of them."""

FEW, MANY = 100, 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """ring8: the bare base with r1 and the controls, three seeds, and a search for r1."""
    grid = Grid(about="", tasks=("ring8",), strategies=("r1",), bases=("bare",), seeds=3)
    made = run_grid(tmp_path_factory.mktemp("results"), grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.training.train.train", FakeTraining())
        patch.setattr("bench.records.provenance.checkout", lambda: (COMMIT, False))
        for job in search_jobs(made, Rules(3), CELL):
            KEEP(job, trial.run(job), [])
    tell_apart(file_of("search", made))
    assert validate(made).problems == []
    return made


def fuzz(count: int) -> Callable[..., Any]:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=count == FEW,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def file_of(kind: str, folder: Path) -> Path:
    return folder / "ring8" / {"record": "bare+r1.json", "search": "bare+r1.search.json"}[kind]


def tried(kind: str, folder: Path, text: bytes) -> None:
    """All that reads files of this kind reads this one; it is as it was after it."""
    path = file_of(kind, folder)
    read: Callable[[Path], Part] = {"record": store.read, "search": search_store.read}[kind]
    before, honest = path.read_bytes(), read(path)
    path.write_bytes(text)
    try:
        problems = validate(folder).problems
        assert all(str(problem).isprintable() for problem in problems)
        found = readable(read, path)
        if not problems:
            assert found is not None
            changed = differences(found.model_dump(), honest.model_dump())
            assert all(FREE[kind].fullmatch(name) for name in changed), changed
        reported(folder)
    finally:
        path.write_bytes(before)


def readable(read: Callable[[Path], Part], path: Path) -> Part | None:
    try:
        return read(path)
    except CorruptRecord:
        return None


def differences(one: Any, other: Any, name: str = "") -> set[str]:
    """The fields in which two values differ, without numbers: "seeds.*.score"."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in {*one, *other}]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [("*", *pair) for pair in zip(one, other, strict=True)]
    else:
        return set() if one == other else {name}
    inside = (differences(left, right, f"{name}.{key}".lstrip(".")) for key, left, right in pairs)
    return set().union(*inside)


def reported(folder: Path) -> None:
    """What the report and `show` make of a folder, without pages and pictures of all."""
    found = [item for item in store.walk(folder) if isinstance(item, store.Found)]
    try:
        selection = select(found, search_store.walk(folder))
    except PlaceboMoved:
        return
    if selection.records:
        tables.provenance_table(study(selection.records, grounds=selection.grounds))
    if selection.searches:
        search_table(selection.searches)
        budget_curves([shown.search for shown in selection.searches])
    try:
        show.show("ring8/bare+r1", folder, folder.parent / "picture.png", 3)
    except (show.NothingToShow, *_fixable()):
        pass  # one line for the user


def one(data: Any, kind: str, folder: Path) -> None:
    tried(kind, folder, data.draw(mutants(json.loads(file_of(kind, folder).read_text()))))


@pytest.mark.parametrize("kind", FREE)
@fuzz(FEW)
@given(data=st.data())
def test_mutants(data, kind, folder):
    one(data, kind, folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FREE)
@fuzz(MANY)
@given(data=st.data())
def test_many_mutants(data, kind, folder):
    one(data, kind, folder)


@fuzz(FEW)
@given(data=st.data())
def test_mutants_of_a_manifest(data, folder):
    """Its licence and its owner are what their author says; all else is held to the records."""
    path = folder / manifest.FILE
    before, honest = path.read_bytes(), manifest.load(path)
    path.write_bytes(changed_bytes(data.draw, before))
    try:
        problems = validate(folder).problems
        assert all(str(problem).isprintable() for problem in problems)
        if not problems:
            found = manifest.load(path)
            assert (found.hardware, found.code) == (honest.hardware, honest.code)
    finally:
        path.write_bytes(before)
