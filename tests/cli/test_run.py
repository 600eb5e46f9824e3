"""`run` as a user meets it: what it prints, what it leaves behind, what it does not repeat."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records.store import read
from tests.support.small import SMALL, found_files, records


def test_a_run_writes_a_record_for_each_cell_and_a_line_for_each(small, capsys):
    assert small("--strategies", "r1", "--seeds", "2") == 0
    names = ["dirac/bare", "dirac/bare+harmful", "dirac/bare+placebo", "dirac/bare+r1"]
    assert sorted(records()) == names
    for made in records().values():
        assert [result.seed for result in made.seeds] == made.planned_seeds == [0, 1]
    out, err = capsys.readouterr()
    done = [line.split(":")[0].split()[1] for line in out.splitlines() if line.startswith("done")]
    assert sorted(done) == names
    assert "4 cells to run, 0 already have records of 2 seeds" in out
    assert out.splitlines()[-1] == "all cells have records in results/2/local"
    assert err == ""


def test_a_second_run_executes_nothing(small, training, capsys):
    small("--seeds", "2")
    before = {path: path.read_bytes() for path in found_files()}
    training.calls.clear()
    capsys.readouterr()
    assert small("--seeds", "2") == 0
    assert training.calls == []
    assert {path: path.read_bytes() for path in found_files()} == before
    out, err = capsys.readouterr()
    assert out.startswith("0 cells to run, 3 already have records of 2 seeds")
    assert err == ""


def test_a_grid_that_grew_runs_just_what_is_new(small, training):
    small("--seeds", "2")
    training.calls.clear()
    assert small("--seeds", "2", "--strategies", "r1,replay") == 0
    assert training.cells == ["dirac+r1", "dirac+replay"]


def test_a_dry_run_writes_nothing(small, training, tmp_path, capsys):
    assert small("--seeds", "2", "--strategies", "r1", "--dry-run") == 0
    assert training.calls == []
    assert list(tmp_path.iterdir()) == []
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(
        line.startswith("to run dirac/bare") and "2 seeds, about" in line for line in lines[:4]
    )
    assert lines[4].startswith("4 cells to run, 0 already have records of 2 seeds; about ")


def test_a_dry_run_leaves_a_corrupt_record_where_it_is(small, tmp_path, capsys):
    path = tmp_path / "results" / "2" / "local" / "dirac" / "bare.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert small("--seeds", "2", "--dry-run") == 0
    assert found_files() == [path.relative_to(tmp_path)]
    assert "bare.json" in capsys.readouterr().err


def test_curves_as_tensorboard_events(small):
    """One run for each seed, with every point of the record's curve; written anew each time."""
    from tensorboardX.proto.event_pb2 import Event

    for _ in range(2):
        assert small("--seeds", "2", "--tensorboard", "events") == 0
    result = records()["dirac/bare"].seeds[1]
    (file,) = Path("events/dirac/bare/seed-1").iterdir()
    data, found = file.read_bytes(), {}
    while data:
        size = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + size])
        for value in event.summary.value:
            found[value.tag, event.step] = value.simple_value
        data = data[12 + size + 4 :]
    expected = {
        (name, point.step): value
        for point in result.curve
        for name, value in point.metrics.items()
        if value is not None
    }
    assert found == {key: pytest.approx(value, rel=1e-6) for key, value in expected.items()}


def test_events_are_written_of_what_there_is_and_their_folder_is_looked_at_first(
    small, training, capsys
):
    Path("file").touch()
    assert small("--tensorboard", "file") == 2
    assert training.calls == []

    def crash(cell):
        if cell == "dirac+placebo":
            raise RuntimeError("no luck")

    training.before = crash
    assert small("--seeds", "2", "--tensorboard", "events") == 3
    assert sorted(path.name for path in Path("events/dirac").iterdir()) == ["bare", "bare+harmful"]


def test_one_line_says_that_nothing_can_be_compiled(small, monkeypatch, capsys):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert small("--seeds", "1") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note: no C++ compiler was found (g++, or $CXX)")
    assert small("--seeds", "1") == 0  # nothing to run, nothing to say
    assert capsys.readouterr().err == ""


FIRST_STEPS = """
import sys
from bench.cli.app import main
from bench.experiment.grid import Cell
from bench.experiment.spec import spec_hash
from bench.tasks.family.point import PointGame
PointGame.updates = 20
try:
    main(sys.argv[1:])
finally:
    print("ray" in sys.modules, spec_hash(Cell("dirac", "bare", "placebo")))
"""


def test_a_process_of_its_own(tmp_path):
    """Real training; the serial engine never imports Ray; hashes are those of this process."""
    command = [sys.executable, "-W", "error", "-c", FIRST_STEPS, "run", *SMALL, "--seeds", "2"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    ours = spec_hash(Cell("dirac", "bare", "placebo"))
    assert done.stdout.splitlines()[-1] == f"False {ours}"
    made = read(tmp_path / "2" / "local" / "dirac" / "bare+placebo.json")
    assert made.provenance.spec == ours
    assert made.provenance.threads == 1
    assert [result.status for result in made.seeds] == ["ok", "ok"]
