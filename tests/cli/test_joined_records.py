"""What a run does with records that are there: joins, replaces, keeps aside or leaves them."""

from pathlib import Path

import numpy as np
import pytest

from bench.experiment import registry
from bench.experiment.spec import spec_hash
from bench.records import provenance, store, strict_json
from bench.records.store import room
from tests.support.factories import make_record
from tests.support.fakes import bench
from tests.support.small import records


def test_more_seeds_run_just_the_new_ones_and_join_the_record(small, training):
    small("--seeds", "2")
    training.calls.clear()
    assert small("--seeds", "5") == 0
    assert [seeds for *_, seeds in training.calls] == [(2, 3, 4)] * 3
    joined = records()["dirac/bare"]
    small("--seeds", "5", "--name", "at-once")
    whole = records("results/2/at-once")["dirac/bare"]
    assert joined == whole.model_copy(update={"seconds": joined.seconds})
    assert joined.seconds_seeds == 5
    assert joined.seconds == {"update": 2.5}


def test_fewer_seeds_run_nothing_and_lose_nothing(small, training):
    small("--seeds", "5")
    training.calls.clear()
    assert small("--seeds", "2") == 0
    assert training.calls == []
    assert records()["dirac/bare"].planned_seeds == [0, 1, 2, 3, 4]


def test_an_edit_runs_just_the_cells_it_touches(small, training, monkeypatch):
    small("--seeds", "2", "--strategies", "r1")
    training.calls.clear()

    def edited(cell):
        return "f" * 16 if cell.strategy == "r1" else spec_hash(cell)

    monkeypatch.setattr("bench.engine.plan.spec_hash", edited)
    monkeypatch.setattr("bench.engine.trial.spec_hash", edited)
    assert small("--seeds", "2", "--strategies", "r1") == 0
    assert training.cells == ["dirac+r1"]
    assert records()["dirac/bare+r1"].provenance.spec == "f" * 16
    training.calls.clear()
    small("--seeds", "3", "--strategies", "r1")
    assert {seeds for *_, seeds in training.calls} == {(2,)}


AGAIN = ("--made-elsewhere", "again")


def elsewhere(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Go on with another version of a library, or on another kind of processor."""
    if how == "torch":
        now = provenance.versions()
        monkeypatch.setattr(provenance, "versions", lambda: now | {"torch": "9.9"})
    else:
        monkeypatch.setattr(provenance, "cpu", lambda: "Another Processor")


@pytest.mark.parametrize("more", [("--seeds", 3), ("--seeds", 2, "--strategies", "r1")])
@pytest.mark.parametrize(
    ("how", "said"), [("torch", "torch 2"), ("cpu", "cpu "), ("mixed", "cpu Another Processor, ")]
)
def test_a_task_is_finished_where_it_was_begun(
    small, training, monkeypatch, capsys, how, said, more
):
    """More seeds, and more cells: neither joins what other libraries or processors have made."""
    first = provenance.cpu
    assert small("--seeds", 2) == 0
    elsewhere(monkeypatch, how)
    if how == "mixed":
        Path("results/2/local/dirac/bare+harmful.json").unlink()
        assert small("--seeds", 2) == 3
        assert small("--seeds", 2, "--name", "there") == 0
        Path("results/2/there/dirac/bare+harmful.json").rename(
            "results/2/local/dirac/bare+harmful.json"
        )
        monkeypatch.setattr(provenance, "cpu", first)
    before = {path: path.read_bytes() for path in Path("results/2").rglob("*.json")}
    training.calls.clear()
    capsys.readouterr()
    assert small(*more) == 3
    warning, error = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: skipping dirac: bare")
    assert f"was not made as it would be here ({said}" in warning
    assert warning.endswith("or make its records again here with --made-elsewhere again")
    assert error.startswith("error: skipped, as the warnings above say: dirac; ")
    assert training.calls == []
    assert {path: path.read_bytes() for path in Path("results/2").rglob("*.json")} == before


def test_what_lacks_nothing_is_left_as_it_was_made(small, training, monkeypatch):
    assert small("--seeds", 2) == 0
    training.calls.clear()
    elsewhere(monkeypatch, "torch")
    assert small("--seeds", 2) == 0
    assert small("--seeds", 2, *AGAIN) == 0
    assert training.calls == []


@pytest.mark.parametrize("how", ["torch", "cpu"])
@pytest.mark.parametrize("stop", [0, 1, 4])
def test_a_task_is_made_again_whole(small, training, monkeypatch, how, stop):
    """In the usual batches, in place of what was made elsewhere, whenever it was stopped."""
    assert small("--seeds", 4, "--seeds-per-trial", 2) == 0
    training.calls.clear()
    elsewhere(monkeypatch, how)

    def interrupt(cell):
        if len(training.calls) == stop + 1:
            raise KeyboardInterrupt

    training.before = interrupt
    more = ("--seeds", 5, "--seeds-per-trial", 2, *AGAIN)
    assert small(*more) == 130
    training.before = lambda cell: None
    training.calls.pop()
    assert small(*more) == 0
    batches = [(0, 1), (2, 3), (4,)]
    cells = ("dirac", "dirac+harmful", "dirac+placebo")
    assert sorted((cell, seeds) for _, cell, seeds in training.calls) == [
        (cell, seeds) for cell in cells for seeds in batches
    ]
    there = records("results/2/local")
    small("--seeds", 5, "--seeds-per-trial", 2, "--name", "at-once")
    for name, made in records("results/2/at-once").items():
        assert there[name] == made.model_copy(update={"seconds": there[name].seconds})
        assert there[name].seconds_seeds == 5


@pytest.mark.parametrize("first", [None, "g++ 1.0"])
def test_seeds_made_with_and_without_a_compiler_do_not_mix(small, training, monkeypatch, first):
    """Whether updates are compiled depends on it: one record has one kind of arithmetic."""
    monkeypatch.setattr(provenance, "compiler_version", lambda: first)
    assert small("--seeds", 1) == 0
    assert records()["dirac/bare"].provenance.compiler == first
    training.calls.clear()
    monkeypatch.setattr(provenance, "compiler_version", lambda: "g++ 2.0")
    assert small("--seeds", 2, *AGAIN) == 0
    assert {seeds for _, _, seeds in training.calls} == {(0, 1)}
    assert records()["dirac/bare"].provenance.compiler == "g++ 2.0"
    training.calls.clear()
    assert small("--seeds", 3) == 0
    assert {seeds for _, _, seeds in training.calls} == {(2,)}


def test_an_old_spec_is_replaced_whole_not_joined(small, training, monkeypatch):
    small("--seeds", "3")
    for place in ("plan", "trial"):
        monkeypatch.setattr(f"bench.engine.{place}.spec_hash", lambda cell: "f" * 16)
    small("--seeds", "2")
    assert [result.seed for result in records()["dirac/bare"].seeds] == [0, 1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"task": "dirac"}', "NaN"])
def test_a_corrupt_record_is_kept_aside_named_and_run_again(small, training, capsys, text):
    small("--seeds", "2")
    whole = records()["dirac/bare"]
    path = Path("results/2/local/dirac/bare.json")
    path.write_text(text)
    training.calls.clear()
    capsys.readouterr()
    assert small("--seeds", "2") == 0
    assert training.cells == ["dirac"]
    assert records()["dirac/bare"] == whole
    assert path.with_name("bare.json.corrupt").read_text() == text
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {path}: ")
    assert "kept as bare.json.corrupt" in warning


def test_a_record_that_cannot_be_read_is_not_taken_for_a_broken_one(small, training, monkeypatch):
    small("--seeds", "2")
    training.calls.clear()

    def refuse(path, most_bytes):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(strict_json, "load", refuse)
    assert small("--seeds", "2") == 2
    monkeypatch.undo()
    assert training.calls == []
    assert not list(Path("results").rglob("*.corrupt*"))


def test_a_truncated_record_does_not_stop_the_report(small, capsys):
    small("--seeds", "2", "--strategies", "r1")
    path = Path("results/2/local/dirac/bare+r1.json")
    path.write_bytes(path.read_bytes()[:-30])
    capsys.readouterr()
    assert bench("report", "--out", "page") == 2
    out, err = capsys.readouterr()
    assert out == "3 cells measured here: page/index.html\n"
    assert len(err.splitlines()) == 1
    assert str(path) in err
    assert Path("page/index.html").stat().st_size > 0
    assert Path("page/LEADERBOARD.md").stat().st_size > 0
    assert path.exists()


def test_image_samples_are_as_many_as_the_record_has_room_for(monkeypatch):
    """25 small ones; fewer where each takes kilobytes; none rather than a record too large."""
    from bench.engine.writer import _with_samples

    made = make_record(scores=[0.1] * 60, points=11)
    for name in ("digits", "cifar10"):
        task = registry.task(name)
        pixels = np.random.default_rng(0).uniform(-1, 1, (30, task.action_size))
        found = _with_samples(made, task, pixels).artefacts["samples"]
        assert tuple(found.shape) == (25, *task.image_shape)
        assert room(_with_samples(made, task, pixels)) >= 0
    monkeypatch.setattr(store, "room", lambda made: 40_000)
    assert 5 <= _with_samples(made, task, pixels).artefacts["samples"].shape[0] < 25
    monkeypatch.setattr(store, "room", lambda made: 3000)
    assert not _with_samples(made, task, pixels).artefacts


def test_samples_of_a_split_record_are_those_of_a_whole_one():
    from bench.engine.writer import _joined, _with_samples

    task = registry.task("cifar10")
    pixels = np.random.default_rng(0).uniform(-1, 1, (30, task.action_size))
    whole = make_record(scores=[0.1] * 10, points=11)
    part, rest = (
        whole.model_copy(update={"seeds": whole.seeds[cut]}) for cut in (slice(2), slice(2, 10))
    )
    joined = _joined(_with_samples(part, task, pixels), rest)
    assert joined.artefacts == _with_samples(whole, task, pixels).artefacts
    assert len(joined.artefacts) == 1
