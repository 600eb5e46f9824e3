"""Records: written whole or not at all, and read without trust."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import diagnostics
from bench.records import store
from bench.records.atomic import set_aside
from bench.records.json_file import CorruptRecord
from bench.records.outcomes import FULL_SEEDS, watched
from bench.records.paths import record_path
from bench.records.record import Evaluation, Record, ScoreInfo
from bench.records.store import Found, most_seeds, read, walk, write
from tests.support.factories import artefact, make_record


def test_round_trip(tmp_path):
    made = make_record(
        scores=(0.5, None, 0.25),
        artefacts={"samples": artefact(np.ones((500, 2), dtype=np.float32), "points")},
    )
    path = tmp_path / "deep" / "down" / "bare.json"
    write(path, made)
    assert read(path) == made
    assert path.stat().st_mode & 0o777 == 0o644
    before = path.read_bytes()
    write(path, read(path))
    assert path.read_bytes() == before


def test_files_have_sorted_keys_and_one_line_for_each_seed(tmp_path):
    write(tmp_path / "bare.json", make_record(scores=(0.1,) * 10))
    text = (tmp_path / "bare.json").read_text()
    raw = json.loads(text)
    assert list(raw) == sorted(raw)
    assert sum(line.lstrip().startswith('{"area"') for line in text.splitlines()) == 10
    # 2 braces, a line for each other part, and 2 lines around the 10 seeds
    assert len(text.splitlines()) == 2 + (len(raw) - 1) + 12


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_null(tmp_path, value):
    point = Evaluation(step=0, metrics={"fid": value, "modes": 1.0})
    assert point.metrics == {"fid": None, "modes": 1.0}
    raw = make_record().model_dump(mode="json")
    raw["seeds"][0] |= {"status": "diverged", "score": value, "last": value, "best": value}
    write(tmp_path / "bare.json", Record.model_validate(raw))
    text = (tmp_path / "bare.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert read(tmp_path / "bare.json").seeds[0].score is None


def test_nan_cannot_hide_in_settings(tmp_path):
    hidden = make_record(strategy="r1", settings={"r1": {"gamma": math.nan}})
    write(tmp_path / "bare.json", hidden)
    assert "NaN" not in (tmp_path / "bare.json").read_text()
    assert read(tmp_path / "bare.json").settings == {"r1": {"gamma": None}}


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_a_failed_write_leaves_the_old_record_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "bare.json"
    write(path, make_record(scores=(0.1, 0.2)))
    before = path.read_bytes()

    def no_space(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, no_space)
    with pytest.raises(OSError, match="No space left"):
        write(path, make_record(scores=(0.3, 0.4)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_new_record_is_on_disk_before_it_replaces_the_old_one(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *ab: (order.append("replace"), replace(*ab)))
    write(tmp_path / "bare.json", make_record())
    assert order == ["fsync", "replace"]


def test_a_record_that_is_too_large_is_refused(tmp_path):
    big = make_record(scores=np.linspace(0.0, 1.0, 1600).tolist())
    with pytest.raises(ValueError, match="exceed 512 kB"):
        write(tmp_path / "bare.json", big)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("metrics", [["distance"], ["fid", "is", "modes", "high_quality", "kl"]])
def test_as_many_seeds_as_promised_fit(tmp_path, metrics):
    """Also with long numbers, a failed attempt per seed, and the largest samples there are."""
    points = 11
    most = most_seeds(metrics, points, metrics[:1], 3)
    assert most >= 100  # of a base
    raw = make_record(scores=np.linspace(1.0, 2.0, most).tolist()).model_dump(mode="json")
    long = -1.234567e-123
    for seed in raw["seeds"]:
        seed["curve"] = [
            {"step": 10_000_000 + i, "metrics": dict.fromkeys(metrics, long)} for i in range(points)
        ]
        if seed["seed"] >= FULL_SEEDS:
            for point in seed["curve"][:-3]:
                point["metrics"] = dict.fromkeys(metrics[:1], long)
        seed |= {"score": long, "last": long, "best": long}
        seed["attempts"] = [{"reason": "crashed", "message": "x" * 200}]
    raw["artefacts"] = {"samples": artefact(np.ones((500, 2), dtype=np.float32), "points")}
    raw["settings"] = {f"strategy_{i}": {"one": 0.123, "two": 0.456} for i in range(10)}
    write(tmp_path / "bare.json", Record.model_validate(raw))


WHOLE = json.dumps(make_record(scores=(0.1, 0.2)).model_dump(mode="json"))


def changed(**parts) -> str:
    return json.dumps(json.loads(WHOLE) | parts)


def nested(levels: int) -> object:
    """A list in a list, so many times."""
    return [nested(levels - 1)] if levels else 0


CORRUPT = {
    "empty": ("", "not a record: Expecting value"),
    "truncated": (WHOLE[:-40], "not a record"),
    "not text": (b"\xff\xfe\x00", "no UTF-8 text: byte 0"),
    "a list": ("[]", "not a JSON object"),
    "nothing in it": ("{}", "task: Field required"),
    "NaN": (WHOLE.replace("0.1", "NaN"), "NaN is not a finite number"),
    "infinity": (WHOLE.replace("0.1", "-Infinity"), "-Infinity is not a finite number"),
    "overflow": (WHOLE.replace("0.1", "1e999"), "1e999 is not a finite number"),
    "deep": ("[" * 60_000, "too many levels"),
    "too deep": (changed(settings={"r1": nested(12)}), "more than 12 levels"),
    "a key twice": (WHOLE.replace('"task"', '"base": "bare", "task"'), "'base' is given twice"),
    "a key of a seed twice": (
        WHOLE.replace('"area"', '"seed": 7, "area"'),
        "'seed' is given twice",
    ),
    "a number of 4,000 digits": (WHOLE.replace("0.1", "1" * 4000), "a number of 4000 digits"),
    "numbers whose sum overflows": (WHOLE.replace("0.1", "1e308"), "1e308 is larger than any"),
    "half of a surrogate pair": (changed(cell="\ud800"), r"holds U\+D800"),
    "half of a pair as a key": (changed(settings={"\ud800": {}}), r"holds U\+D800"),
    "an escape": (changed(cell="a\x1b[31m"), r"holds U\+001B"),
    "a line end": (changed(cell="a\n::error::b"), r"holds U\+000A"),
    "text from right to left": (changed(cell="a\u202eb"), r"holds U\+202E"),
    "a letter without width": (changed(cell="a\u200bb"), r"holds U\+200B"),
    "a line separator": (changed(cell="a\u2028b"), r"holds U\+2028"),
    "a letter of nobody": (changed(cell="a\ue000b"), r"holds U\+E000"),
    "a number as text": (changed(seconds_seeds="2"), "seconds_seeds: Input should be a valid int"),
    "a boolean as a number": (
        changed(seconds_seeds=True),
        "seconds_seeds: Input should be a valid",
    ),
    "a score as text": (WHOLE.replace('"score": 0.1', '"score": "0.1"'), "seeds.0.score: Input"),
    "a score that is true": (
        WHOLE.replace('"score": 0.1', '"score": true'),
        "seeds.0.score: Input",
    ),
    "a whole number as a float": (WHOLE.replace('"seed": 0', '"seed": 0.0'), "seeds.0.seed: Input"),
    "an extra field": (changed(extra=1), "extra: Extra inputs are not permitted"),
    "a future schema": (changed(schema_version=3), "schema_version: Input should be 2"),
    "an odd schema": (changed(schema_version=[1]), "not a record"),
    "no seeds": (changed(seeds=[]), "seeds: .*at least 1"),
    "no planned seeds": (changed(planned_seeds=[]), "planned_seeds: .*at least 1"),
    "a seed twice": (changed(seeds=json.loads(WHOLE)["seeds"][:1] * 2), "once each"),
    "seeds out of order": (changed(seeds=json.loads(WHOLE)["seeds"][::-1]), "sorted"),
    "planned out of order": (changed(planned_seeds=[1, 0]), "planned_seeds must be sorted"),
    "a crash as an outcome": (WHOLE.replace('"ok"', '"crashed"'), "seeds.0.status: "),
    "a task that is no name": (changed(task="名前"), "task: String should match pattern"),
    "a path as a task": (changed(task="../ring8"), "task: String should match pattern"),
    "a strategy that is no name": (changed(strategy="🎲"), "strategy: String should match"),
    "markup as a strategy": (changed(strategy="<b>r1</b>"), "strategy: String should match"),
    "a line more": (changed(strategy="r1\n"), r"holds U\+000A"),
    "nothing after the plus": (changed(strategy="r1+"), "strategy: String should match"),
    "no strategy but a text": (changed(strategy=""), "strategy: String should match"),
    "a long file": (WHOLE + " " * 600_000, "larger than 512 kB"),
}


@pytest.mark.parametrize("fault", CORRUPT)
def test_a_corrupt_file_is_named_in_one_line(tmp_path, fault):
    text, reason = CORRUPT[fault]
    path = tmp_path / "bare.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CorruptRecord, match=reason) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_corrupt_too(tmp_path):
    with pytest.raises(CorruptRecord, match="No such file"):
        read(tmp_path / "bare.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(CorruptRecord, match="no plain file"):
        read(tmp_path / "folder.json")


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a link to a device"])
def test_what_is_no_plain_file_is_not_waited_for(tmp_path, kind):
    path = tmp_path / "bare.json"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link to a device":
        path.symlink_to("/dev/zero")
    with pytest.raises(CorruptRecord, match="no plain file"):
        read(Path("/dev/zero") if kind == "a device" else path)


def test_old_schemas_are_upgraded_step_by_step(tmp_path, monkeypatch):
    path = tmp_path / "bare.json"
    path.write_text(changed(schema_version=-1, name="ring8", task="?"))
    upgraders = {
        -1: lambda raw: {**raw, "schema_version": 0, "task": raw["name"]},
        0: lambda raw: {k: v for k, v in raw.items() if k != "name"} | {"schema_version": 2},
    }
    monkeypatch.setattr(store, "UPGRADERS", upgraders)
    assert read(path) == Record.model_validate_json(WHOLE)
    path.write_text(changed(schema_version=-1))
    with pytest.raises(CorruptRecord, match="'name'"):  # an upgrader finds it malformed
        read(path)


def test_a_record_of_schema_1_gets_its_areas_from_its_curves(tmp_path):
    anchors = {"low": 4.0, "high": 0.5, "log": True}
    made = make_record(scores=(0.5, None, 3.9), statuses=("ok", "diverged", "collapsed"))
    raw = made.model_dump(mode="json") | {"schema_version": 1}
    for given in (None, anchors):
        for seed in raw["seeds"]:
            seed.pop("area", None)
        raw["score_info"]["anchors"] = given
        (tmp_path / "bare.json").write_text(json.dumps(raw))
        found = read(tmp_path / "bare.json")
        assert found.schema_version == 2
        areas = [seed.area for seed in found.seeds]
        if given is None:
            assert areas == [None, None, None]
    assert areas[1] is None
    assert areas[0] > areas[2] > 0.0
    assert found == make_record(
        scores=(0.5, None, 3.9), statuses=("ok", "diverged", "collapsed"), anchors=anchors
    )


def test_corrupt_records_are_kept_under_free_names(tmp_path):
    path = tmp_path / "bare+r1.json"
    for text in ("one", "two", "three"):
        path.write_text(text)
        set_aside(path)
    kept = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert kept == {
        "bare+r1.json.corrupt": "one",
        "bare+r1.json.corrupt1": "two",
        "bare+r1.json.corrupt2": "three",
    }


def test_walk_yields_all_in_path_order_and_does_not_stop(tmp_path):
    write(tmp_path / "b" / "bare.json", make_record())
    write(tmp_path / "a" / "bare.json", make_record())
    (tmp_path / "a" / "other.json").write_text("{")
    (tmp_path / "a" / "other.json.corrupt").write_text("{")
    found = list(walk(tmp_path))
    assert [type(item) for item in found] == [Found, CorruptRecord, Found]
    assert isinstance(found[0], Found)
    assert found[0].path == tmp_path / "a" / "bare.json"
    assert list(walk(tmp_path / "b" / "bare.json")) == found[2:]


def test_where_a_record_lies():
    assert record_path(Path("x"), Cell("dirac", "bare", "r1")) == Path("x/dirac/bare+r1.json")


@pytest.mark.parametrize("name", registry.tasks())
def test_a_hundred_seeds_of_every_task_fit_in_a_record(name):
    task = registry.task(name)
    names = [metric.name for metric in (*task.metrics, *diagnostics(task))]
    assert most_seeds(names, task.evaluations + 1, watched(task), task.window) >= 100
    assert ScoreInfo.of(task).normalised(task.anchors.high) == pytest.approx(1.0)
