"""What cannot be done is one line that says why and what to do, and nothing is left behind."""

import sys

import pytest

from bench.experiment import registry
from tests.support.fakes import bench
from tests.support.small import SMALL, one_error

BAD = {
    "task": (["--tasks", "dirca"], "unknown task 'dirca'; did you mean 'dirac'?"),
    "one task of two": (["--tasks", "dirac,lqrr"], "unknown task 'lqrr'; did you mean 'lqr'?"),
    "strategy": (["--strategies", "replya"], "unknown strategy 'replya'; did you mean 'replay'?"),
    "grid": (["--grid", "dmeo"], "unknown grid 'dmeo'; did you mean 'demo'?"),
    "grid file": (["--grid", "dmeo.yaml"], "there is no file dmeo.yaml; give a grid file"),
    "base": (["--base", "refrence"], "unknown base 'refrence'; did you mean 'reference'?"),
    "conflict": (["--strategies", "r1+r1"], "r1 is given twice"),
    "place": (["--strategies", "r2-r1"], "no base here has r1 to remove; leave -r1 out of r2-r1"),
    "no place": (["--strategies", "-r1"], "'-r1' puts nothing in place of r1; write r1 without"),
    "contrast": (["--contrasts", "swapped"], "unknown contrast 'swapped'; known: added, in-place"),
    "no contrast": (["--contrasts", "removed"], "no cell here is removed; leave contrasts out"),
    "no task": (["--tasks", ""], "a grid without tasks or without bases has no cells"),
    "too many seeds": (["--seeds", "500"], "500 seeds of "),
    "no seeds": (["--seeds", "0"], "Invalid value for '--seeds'"),
    "engine": (["--engine", "rya"], "Invalid value for '--engine'"),
    "option": (["--sedes", "3"], "No such option: --sedes"),
    "name": (["--name", "../elsewhere"], "--name '../elsewhere' is no name: 1 to 64"),
    "number as name": (["--name", "2"], "--name '2' is a number, as a protocol is"),
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


def test_a_report_on_nothing_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench("report") == 2
    assert one_error(capsys) == "no records in results/2; run `python -m bench run` first"
    assert list(tmp_path.iterdir()) == []


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
    from bench import strategies

    folder = tmp_path / "more"
    folder.mkdir()

    def add(name, text):
        (folder / f"{name}.py").write_text(text)
        registry.strategies.cache_clear()

    monkeypatch.setattr(strategies, "__path__", [str(folder), *strategies.__path__])
    yield add
    for path in folder.glob("*.py"):
        sys.modules.pop(f"bench.strategies.{path.stem}", None)
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
    "file", ["results", "results/2", "results/2/local", "results/2/local/dirac"]
)
def test_a_file_in_place_of_a_folder(tmp_path, monkeypatch, training, capsys, file):
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("precious")
    assert bench("run", *SMALL) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: cannot write to results/2/local")
    assert message.endswith("choose another folder\n")
    assert message.count("\n") == 1
    assert training.calls == []
    assert (tmp_path / file).read_text() == "precious"
    left = {path for path in tmp_path.rglob("*") if path.is_file() and path.name != "run.lock"}
    assert left == {tmp_path / file}


@pytest.mark.parametrize("option", ["--address=auto", "--max-concurrent=2"])
def test_what_only_ray_can_do_is_refused_without_it(small, training, option, capsys):
    assert small(option) == 2
    assert "leave out --engine serial" in capsys.readouterr().err
    assert training.calls == []


def test_a_task_whose_environment_needs_envpool_is_skipped_without_it(
    tmp_path, monkeypatch, capsys, training
):
    """Gymnasium's environment of the same name is another one."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    command = ["run", "--tasks", "pendulum,dirac", "--strategies", "", "--base", "bare"]
    assert bench(*command, "--engine", "serial", "--results", tmp_path / "r", "--seeds", "1") == 3
    warned, *_, error = capsys.readouterr().err.splitlines()
    assert warned.startswith("warning: skipping pendulum: envpool is not installed")
    assert error.startswith("error: skipped, as the warnings above say: pendulum; all other cells")
    assert {task for task, _, _ in training.calls} == {"dirac"}


def test_a_folder_of_data_that_is_given_stands_in_for_one_that_is_set(tmp_path, monkeypatch):
    """Also where that one cannot be used."""
    monkeypatch.setenv("CROSSOVER_DATA", "x" * 300)
    assert bench("fetch") == 2
    assert bench("fetch", "--data-root", tmp_path) == 0
