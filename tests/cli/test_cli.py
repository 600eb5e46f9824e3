"""The command line as a user meets it: what it prints, what it leaves behind, how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.experiment import grid, registry
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records import provenance, store
from bench.records.record import Record
from bench.records.store import Found, read, room, walk
from tests.support.factories import make_record
from tests.support.fakes import FakeTraining, bench

SMALL = ("--tasks", "dirac", "--strategies", "", "--base", "bare", "--engine", "serial")
"""Three cells unless strategies are added: the base and the two controls."""


@pytest.fixture
def training(monkeypatch) -> FakeTraining:
    """Fake training in place of the real one."""
    fake = FakeTraining()
    monkeypatch.setattr("bench.training.train.train", fake)
    return fake


@pytest.fixture
def small(tmp_path, monkeypatch, training):
    """`bench run` on the small grid, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return bench("run", *SMALL, *arguments)

    return run


def records(folder="results") -> dict[str, Record]:
    return {f"{f.record.task}/{f.record.cell}": f.record for f in walk(Path(folder)) if is_found(f)}


def is_found(item) -> bool:
    assert isinstance(item, Found), item
    return True


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
    assert out.splitlines()[-1] == "all cells have records in results/1/local"
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


def found_files():
    return sorted(path for path in Path().rglob("*") if path.is_file())


def test_a_grid_that_grew_runs_just_what_is_new(small, training):
    small("--seeds", "2")
    training.calls.clear()
    assert small("--seeds", "2", "--strategies", "r1,replay") == 0
    assert training.cells == ["dirac+r1", "dirac+replay"]


def test_more_seeds_run_just_the_new_ones_and_join_the_record(small, training):
    small("--seeds", "2")
    training.calls.clear()
    assert small("--seeds", "5") == 0
    assert [seeds for *_, seeds in training.calls] == [(2, 3, 4)] * 3
    joined = records()["dirac/bare"]
    small("--seeds", "5", "--name", "at-once")
    whole = records("results/1/at-once")["dirac/bare"]
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


def test_seeds_of_other_libraries_do_not_join_a_record(small, training, monkeypatch):
    """One record, one set of versions: with others, all of its seeds run again."""
    assert small("--seeds", 2) == 0
    training.calls.clear()
    now = provenance.versions()
    monkeypatch.setattr(provenance, "versions", lambda: now | {"torch": "9.9"})
    assert small("--seeds", 2) == 0
    assert not training.calls  # nothing is missing
    assert small("--seeds", 3) == 0
    assert {seeds for _, _, seeds in training.calls} == {(0, 1, 2)}
    made = records()["dirac/bare"]
    assert made.provenance.versions["torch"] == "9.9"
    assert made.seconds_seeds == 3


def test_image_samples_are_as_many_as_the_record_has_room_for(monkeypatch):
    """25 small ones; fewer where each takes kilobytes; none rather than a record too large."""
    from bench.engine.writer import _with_samples

    made = make_record(scores=[0.1] * 10, points=11)
    for name, fewest, most in (("digits", 25, 25), ("cifar10", 5, 24)):
        task = registry.task(name)
        pixels = np.random.default_rng(0).uniform(-1, 1, (30, task.action_size))
        found = _with_samples(made, task, pixels).artefacts["samples"]
        assert fewest <= found.shape[0] <= most
        assert tuple(found.shape[1:]) == task.image_shape
        assert room(_with_samples(made, task, pixels)) >= 0
    task = registry.task("cifar10")
    monkeypatch.setattr(store, "room", lambda made: 3000)
    assert not _with_samples(made, task, pixels).artefacts


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
    path = Path("results/1/local/dirac/bare.json")
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


def test_a_truncated_record_does_not_stop_the_report(small, capsys):
    small("--seeds", "2", "--strategies", "r1")
    path = Path("results/1/local/dirac/bare+r1.json")
    path.write_bytes(path.read_bytes()[:-30])
    capsys.readouterr()
    assert bench("report", "--out", "page") == 2
    out, err = capsys.readouterr()
    assert out == "3 cells: page/index.html\n"
    assert len(err.splitlines()) == 1
    assert str(path) in err
    assert Path("page/index.html").stat().st_size > 0
    assert Path("page/LEADERBOARD.md").stat().st_size > 0
    assert path.exists()


def test_a_report_on_nothing_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench("report") == 2
    assert one_error(capsys) == "no records in results/1; run `python -m bench run` first"
    assert list(tmp_path.iterdir()) == []


def one_error(capsys) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    prefix, _, message = line.partition(": ")
    assert prefix == "error"
    return message


BAD = {
    "task": (["--tasks", "dirca"], "unknown task 'dirca'; did you mean 'dirac'?"),
    "one task of two": (["--tasks", "dirac,lqrr"], "unknown task 'lqrr'; did you mean 'lqr'?"),
    "strategy": (["--strategies", "replya"], "unknown strategy 'replya'; did you mean 'replay'?"),
    "grid": (["--grid", "dmeo"], "unknown grid 'dmeo'; did you mean 'demo'?"),
    "grid file": (["--grid", "dmeo.yaml"], "there is no file dmeo.yaml; give a grid file"),
    "base": (["--base", "refrence"], "unknown base 'refrence'; did you mean 'reference'?"),
    "conflict": (["--strategies", "r1+r1"], "r1 is given twice"),
    "no task": (["--tasks", ""], "a grid without tasks or without bases has no cells"),
    "too many seeds": (["--seeds", "500"], "500 seeds of "),
    "no seeds": (["--seeds", "0"], "Invalid value for '--seeds'"),
    "engine": (["--engine", "rya"], "Invalid value for '--engine'"),
    "option": (["--sedes", "3"], "No such option: --sedes"),
    "name": (["--name", "../elsewhere"], "--name '../elsewhere' is no plain name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, training, capsys, case):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    assert bench("run", *arguments) == 2
    assert one_error(capsys).startswith(message)
    assert training.calls == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["rnu"], ["list"], ["list", "task"], ["validate"]])
def test_bad_usage_is_one_line_too(capsys, arguments):
    assert bench(*arguments) == 2
    assert one_error(capsys).endswith("; see --help")


def test_no_arguments_show_the_help(capsys):
    assert bench() == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("run", "list", "report", "validate"))


ONE_STEP = '''"""Test."""
from bench.learner import integrators
from bench.learner.strategy import Strategy
HOME, SOURCE, NEUTRAL = "gan", "a test", {}


def one_step() -> Strategy:
    """Test."""
    return Strategy(name="one_step", integrator=integrators.simultaneous)
'''


@pytest.fixture
def extra_strategy(tmp_path, monkeypatch):
    """Adds a strategy file for the length of a test."""
    import strategies

    folder = tmp_path / "more"
    folder.mkdir()

    def add(name, text):
        (folder / f"{name}.py").write_text(text)
        registry.strategies.cache_clear()

    monkeypatch.setattr(strategies, "__path__", [str(folder), *strategies.__path__])
    yield add
    for path in folder.glob("*.py"):
        sys.modules.pop(f"strategies.{path.stem}", None)
        vars(strategies).pop(path.stem, None)
    monkeypatch.undo()
    registry.strategies.cache_clear()


def test_strategies_that_conflict_are_both_named(
    tmp_path, monkeypatch, training, capsys, extra_strategy
):
    extra_strategy("one_step", ONE_STEP)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert bench("run", *SMALL, "--strategies", "one_step+extragradient") == 2
    message = one_error(capsys)
    assert message.startswith(
        "extragradient and one_step both set `integrator`, which has one owner"
    )
    assert training.calls == []
    assert list(empty.iterdir()) == []


def test_a_strategy_file_that_lacks_something_is_named(tmp_path, capsys, extra_strategy):
    extra_strategy("half", '"""Test."""\nHOME = "gan"\n')
    assert bench("run", *SMALL, "--results", tmp_path / "results") == 2
    assert one_error(capsys).endswith("half.py has no function `half` with a docstring")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "file", ["results", "results/1", "results/1/local", "results/1/local/dirac"]
)
def test_a_file_in_place_of_a_folder(tmp_path, monkeypatch, training, capsys, file):
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("precious")
    assert bench("run", *SMALL) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: cannot write to results/1/local")
    assert message.endswith("choose another folder\n")
    assert message.count("\n") == 1
    assert training.calls == []
    assert (tmp_path / file).read_text() == "precious"
    left = {path for path in tmp_path.rglob("*") if path.is_file() and path.name != "run.lock"}
    assert left == {tmp_path / file}


def test_a_cell_that_crashes_does_not_stop_the_others(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise RuntimeError("no luck\nat all")

    training.before = crash
    assert small("--seeds", "2") == 3
    assert sorted(records()) == ["dirac/bare", "dirac/bare+harmful"]
    assert training.cells.count("dirac+placebo") == 2
    assert [path.name for path in sorted(Path("results/1/local/dirac").iterdir())] == [
        "bare+harmful.json",
        "bare.json",
    ]
    out, err = capsys.readouterr()
    assert "failed (crashed) dirac/bare+placebo: RuntimeError: no luck at all" in out
    (line,) = err.splitlines()
    first, _, then = re.split(r" \((tests/cli/test_cli\.py:\d+)\); ", line)
    assert first == (
        "error: 1 of 3 cells failed, first dirac/bare+placebo: RuntimeError: no luck at all"
    )
    assert then == (
        "the records of the others are in results/1/local; run the same command again to retry"
    )
    training.before = lambda cell: None
    training.calls.clear()
    assert small("--seeds", "2") == 0
    assert training.cells == ["dirac+placebo"]


def test_seeds_that_are_there_survive_a_crash_of_others(small, training):
    small("--seeds", "2")
    before = records()

    def crash(cell):
        raise RuntimeError("no luck")

    training.before = crash
    assert small("--seeds", "4") == 3
    assert records() == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [(RuntimeError("no luck"), "crashed"), (MemoryError("no room"), "oom")],
)
def test_a_second_try_is_recorded_with_its_reason(small, training, error, reason):
    tried = []

    def crash_once(cell):
        tried.append(cell)
        if tried.count(cell) == 1:
            raise error

    training.before = crash_once
    assert small("--seeds", "2") == 0
    assert len(tried) == 6
    for made in records().values():
        for result in made.seeds:
            (attempt,) = result.attempts
            assert attempt.reason == reason
            assert attempt.message.startswith(f"{type(error).__name__}: {error} (tests/")
            assert result.status == "ok"


def test_an_interruption_keeps_what_is_done(small, training, capsys):
    def interrupt(cell):
        if len(training.calls) == 2:
            raise KeyboardInterrupt

    training.before = interrupt
    assert small("--seeds", "2") == 130
    assert len(records()) == 1
    out, err = capsys.readouterr()
    assert "failed" not in out
    assert err.startswith("error: interrupted with 2 of 3 cells to go")
    assert err.count("\n") == 1
    training.before = lambda cell: None
    training.calls.clear()
    assert small("--seeds", "2") == 0
    assert len(training.calls) == 2


def test_an_interruption_before_the_first_cell(small, monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.engine.plan.plan_jobs", interrupt)
    assert small("--seeds", "2") == 130
    assert one_error(capsys) == "interrupted before anything was run"


def test_an_interruption_after_a_failure_is_still_one(small, training):
    def fail_then_interrupt(cell):
        raise RuntimeError("no luck") if len(training.calls) <= 2 else KeyboardInterrupt

    training.before = fail_then_interrupt
    assert small("--seeds", "2") == 130


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


def test_parts_of_cells_are_called_so(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise RuntimeError("no luck")

    training.before = crash
    assert small("--seeds", "2", "--seeds-per-trial", "1") == 3
    out, err = capsys.readouterr()
    assert "to run dirac/bare: 1 seed, about" in out
    assert "3 cells to run" in out
    assert "error: 2 of 6 parts of cells failed, first dirac/bare+placebo" in err
    bench("status")
    assert "4 of 6 parts of cells done, 4 of 6 seeds" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--address=auto", "--max-concurrent=2"])
def test_what_only_ray_can_do_is_refused_without_it(small, training, option, capsys):
    assert small(option) == 2
    assert "leave out --engine serial" in capsys.readouterr().err
    assert training.calls == []


def test_a_record_that_cannot_be_read_is_not_taken_for_a_broken_one(small, training, monkeypatch):
    small("--seeds", "2")
    training.calls.clear()

    def refuse(path, encoding):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert small("--seeds", "2") == 2
    monkeypatch.undo()
    assert training.calls == []
    assert not list(Path("results").rglob("*.corrupt*"))


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


def test_status_of_a_run_that_ended(small, capsys):
    assert bench("status") == 2
    assert "there is no sign of a run in results/1/local" in capsys.readouterr().err
    small("--seeds", "2")
    capsys.readouterr()
    assert bench("status") == 0
    assert re.fullmatch(
        r"ended \d+ s ago \(process \d+ on .+\)\n3 of 3 cells done, 6 of 6 seeds\n",
        capsys.readouterr().out,
    )
    assert bench("status", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["jobs"], found["done"], found["running"]) == (3, 3, [])


def test_status_names_failures_by_reason(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise MemoryError("too large")

    training.before = crash
    small("--seeds", "2")
    capsys.readouterr()
    bench("status")
    out = capsys.readouterr().out
    assert "failed: 1 oom\ntried again: 1 oom\nfailed dirac/bare+placebo: MemoryError" in out


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
    path = tmp_path / "results" / "1" / "local" / "dirac" / "bare.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert small("--seeds", "2", "--dry-run") == 0
    assert found_files() == [path.relative_to(tmp_path)]
    assert "bare.json" in capsys.readouterr().err


def test_lists_name_everything_and_parse(capsys):
    def listed(kind):
        assert bench("list", kind, "--json") == 0
        return {row["name"]: row for row in json.loads(capsys.readouterr().out)}

    tasks, strategies, grids = listed("tasks"), listed("strategies"), listed("grids")
    assert tasks.keys() == registry.tasks().keys()
    assert strategies.keys() == registry.strategies().keys()
    assert set(grids) == set(grid.grid_names())
    assert strategies["r1"]["settings"] == {"gamma": 1.0}
    assert set(strategies["target_network"]["inert on"]) >= {"ring8", "digits"}
    assert grids["demo"]["cells"] == 28
    for row in (*tasks.values(), *strategies.values(), *grids.values()):
        assert len(row["about"]) > 10


@pytest.mark.parametrize("kind", ["tasks", "strategies", "grids"])
def test_lists_for_people_name_everything(capsys, kind):
    assert bench("list", kind) == 0
    first = {line.split(" ")[0] for line in capsys.readouterr().out.splitlines()}
    names = {"tasks": registry.tasks(), "strategies": registry.strategies()}
    assert first >= set(names.get(kind, grid.grid_names()))


def test_envpool_on_request_only_where_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert bench("run", *SMALL, "--results", tmp_path / "r", "--environments", "envpool") == 2
    assert one_error(capsys).startswith("envpool is not installed; `pip install envpool`")
    assert list(tmp_path.iterdir()) == []


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
from tasks.family.point import PointGame
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
    made = read(tmp_path / "1" / "local" / "dirac" / "bare+placebo.json")
    assert made.provenance.spec == ours
    assert made.provenance.threads == 1
    assert [result.status for result in made.seeds] == ["ok", "ok"]
