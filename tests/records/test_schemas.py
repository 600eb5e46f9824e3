"""What was written once is read for ever: one frozen file for each version of each schema."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import pytest

from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records import record, search, search_store, store
from bench.report.selection import one_per_cell
from bench.submissions import check, draw

FOLDER = Path(__file__).parent / "schemas"
FROZEN = {
    "check-1.json": "22dddce3db78f8e142dbb60b448569c0432e9028917a5c59d2ffa2fe82f12524",
    "draw-1.json": "399ead44be52984c71e78d55b684346802a4707a4aa7a14ac740d14349f9a318",
    "record-1.json": "2275a13dd1e8b4bd72cbedc5b36d8fc3112b1cb38e9786dcb5a64703ef147b32",
    "record-2.json": "81654dea2e1a348ef4ac4b4ee09a471cb50166c4a45003efd80e522dc2905c6c",
    "search-1.json": "e0b188694db5e4ddc06be041e452766ff80380f02f1cd8b0c20867fd5962b3df",
}
"""SHA-256. A file here is never edited: a new version of a schema gets a new one."""


@pytest.mark.parametrize("name", FROZEN)
def test_frozen_files_are_as_they_were(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == FROZEN[name]


def test_every_version_has_a_frozen_file_and_a_way_to_the_present_one() -> None:
    versions = {
        "record": range(1, record.SCHEMA_VERSION + 1),
        "search": range(1, search.Search.model_fields["schema_version"].default + 1),
        "check": range(1, check.Check.model_fields["schema_version"].default + 1),
        "draw": range(1, draw.Draw.model_fields["schema_version"].default + 1),
    }
    wanted = {f"{kind}-{number}.json" for kind, numbers in versions.items() for number in numbers}
    assert wanted == {*FROZEN} == {path.name for path in FOLDER.iterdir()}
    assert record.UPGRADERS.keys() == {*versions["record"][:-1]}


def test_all_versions_of_a_record_are_the_same_record() -> None:
    """They were made of one another."""
    found = {name: store.read(FOLDER / name) for name in FROZEN if name.startswith("record")}
    assert len({one.model_dump_json() for one in found.values()}) == 1
    assert len(found) == record.SCHEMA_VERSION


def test_a_search_is_read() -> None:
    found = search_store.read(FOLDER / "search-1.json")
    assert (found.cell, found.budget, len(found.candidates)) == ("bare+r1", 2, 2)


def test_a_check_and_a_draw_are_read() -> None:
    made, of = check.read(FOLDER / "check-1.json"), FOLDER / "record-2.json"
    assert made.label == "1/someone/digits/reference"
    assert made.holds(of)
    assert made.flaw(store.read(of)) == ""
    drawn = check.read_draw(FOLDER / "draw-1.json")
    assert drawn.pool["digits/reference"] == made.sha256
    assert sorted(drawn.drawn) == ["digits/reference", "dirac/bare+r1"]
    assert check.shared([drawn], made) == 2


@pytest.mark.parametrize("version", record.UPGRADERS)
def test_upgraders_are_pure_and_take_one_step(version: int) -> None:
    given = json.loads((FOLDER / f"record-{version}.json").read_text())
    before = copy.deepcopy(given)
    first = record.UPGRADERS[version](given)
    assert given == before
    assert record.UPGRADERS[version](given) == first
    assert first["schema_version"] == version + 1


def test_protocols_never_mix() -> None:
    old = store.read(FOLDER / "record-1.json")
    assert old.protocol_version != PROTOCOL_VERSION
    kept, ignored = one_per_cell([old, now := renamed(old, PROTOCOL_VERSION)])
    assert kept == [now]
    assert [why for _, why in ignored] == ["protocol 1, not 2"]


def renamed(old: record.Record, protocol: str) -> record.Record:
    return old.model_copy(update={"protocol_version": protocol})
