"""Discovery by file name, settings, and the example in CONTRIBUTING.md exactly as it is printed."""

import re
import sys
from pathlib import Path

import pytest
import torch

from bench import strategies, tasks
from bench.contribute import strategy_checks, task_checks
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.registry import Incomplete, UnknownName
from bench.experiment.spec import spec_hash
from bench.functional import rng
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.records.store import read
from bench.tasks.family.point import PointGame
from tests.support.fakes import bench

CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Adds a file to `strategies` or `tasks` for the length of a test."""

    def forget():
        registry.strategies.cache_clear()
        registry.tasks.cache_clear()
        for package in (strategies, tasks):
            for path in (tmp_path / package.__name__.removeprefix("bench.")).glob("*.py"):
                sys.modules.pop(f"{package.__name__}.{path.stem}", None)
                vars(package).pop(path.stem, None)

    def add_file(path, text):
        (tmp_path / path).write_text(text)
        forget()

    for package in (strategies, tasks):
        folder = tmp_path / package.__name__.removeprefix("bench.")
        folder.mkdir()
        monkeypatch.setattr(package, "__path__", [str(folder), *package.__path__])
    yield add_file
    monkeypatch.undo()
    forget()


def test_file_function_and_name_are_one():
    folder = Path(strategies.__path__[0])
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert set(registry.strategies()) == files
    for name, entry in registry.strategies().items():
        for task in registry.tasks().values():
            assert entry.build(task).name == name
        assert entry.summary.endswith(".")
        assert entry.home in registry.HOMES
    files = {path.stem for path in Path(tasks.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(registry.tasks()) == files
    for name, task in registry.tasks().items():
        assert task.name == name


@pytest.mark.parametrize(
    ("kind", "find", "near", "wrong"),
    [
        ("task", registry.task, "pendulum", "pendulmu"),
        ("strategy", registry.strategy, "spectral_norm", "spectralnorm"),
    ],
)
def test_unknown_names_get_the_nearest(kind, find, near, wrong):
    with pytest.raises(UnknownName) as error:
        find(wrong)
    assert str(error.value) == f"unknown {kind} {wrong!r}; did you mean {near!r}?"


def test_unknown_settings_get_the_nearest():
    with pytest.raises(UnknownName, match="unknown setting of r1 'gama'; did you mean 'gamma'"):
        registry.strategy("r1").build(registry.task("dirac"), {"gama": 1.0})


def test_the_narrower_default_wins(monkeypatch):
    entry, task = registry.strategy("r1"), registry.task("ring8")

    def gamma(**special):
        monkeypatch.setattr(entry.module, "DEFAULTS", special, raising=False)
        return entry.defaults(task)["gamma"]

    assert task.kinds
    assert gamma() == 1.0
    assert gamma(rl={"gamma": 2.0}) == 1.0
    assert gamma(gan={"gamma": 2.0}) == 2.0
    assert gamma(**{task.kinds[0]: {"gamma": 3.0}}, gan={"gamma": 2.0}) == 3.0
    assert gamma(ring8={"gamma": 4.0}, **{task.kinds[0]: {"gamma": 3.0}}) == 4.0


WHOLE = '''
from bench.learner.strategy import Strategy
HOME, SOURCE, NEUTRAL = "gan", "a test", {"x": 0.0}


def half(*, x: float = 1.0) -> Strategy:
    """Test."""
    return Strategy(name="half")
'''


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("strategies/half.py", WHOLE.replace("def half", "def other"), "no function `half`"),
        ("strategies/half.py", WHOLE.replace('"""Test."""', ""), "no function `half` with a doc"),
        ("strategies/half.py", WHOLE.replace('"gan"', '"gna"'), "no HOME that is one of gan"),
        ("strategies/half.py", WHOLE.replace('"a test"', '""'), "no SOURCE: authors, year"),
        ("strategies/half.py", WHOLE.replace("NEUTRAL", "NATURAL"), "no NEUTRAL: settings"),
        ("tasks/half.py", '"""Test."""\n', "no `task` whose name is 'half'"),
        ("tasks/half.py", '"""Test."""\nfrom tasks.dirac import task\n', "whose name is 'half'"),
    ],
)
def test_a_file_that_lacks_something_is_named(add, path, text, message):
    add("strategies/half.py", WHOLE)
    assert registry.strategy("half").summary == "Test."
    add(path, text)
    find = registry.strategies if path.startswith("strategies") else registry.tasks
    with pytest.raises(Incomplete, match=message) as error:
        find()
    assert path in str(error.value)


def printed(path: str) -> str:
    """The block of CONTRIBUTING.md that follows the mention of a file."""
    found = re.search(rf"`{re.escape(path)}`:\n\n```python\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert found, path
    return found[1]


@pytest.fixture
def example(add) -> str:
    add("strategies/drift_penalty.py", printed("strategies/drift_penalty.py"))
    return "drift_penalty"


def test_the_example_states_a_fact(example, float64):
    scope: dict = {}
    exec(printed(f"tests/facts/test_{example}.py"), scope)
    facts = [value for name, value in scope.items() if name.startswith("test_")]
    assert len(facts) == 1
    facts[0]()


@pytest.mark.parametrize("task", ["dirac", "ring8", "pendulum"])
def test_the_example_passes_every_general_check(example, float64, task):
    task = strategy_checks.miniature(registry.task(task))
    pair = strategy_checks.examined(registry.strategy(example), task)
    for check in strategy_checks.strategy_checks():
        check(pair)


def test_the_example_learns_in_the_learner(example):
    task = registry.task("dirac")
    learner = Learner(task, combine([registry.strategy(example).build(task)]))
    key = rng.seed_key(0)
    state, info = learner.update(learner.init(key), task.blank(0), key)
    assert torch.isfinite(torch.stack(leaves(info))).all()
    assert int(state.players.step) == 1


def test_the_example_runs_from_the_command_line(example, tmp_path, monkeypatch):
    monkeypatch.setattr(PointGame, "updates", 20)
    small = ("--tasks", "dirac", "--base", "bare", "--engine", "serial", "--seeds", "2")
    assert bench("run", *small, "--strategies", example, "--results", tmp_path / "r") == 0
    made = read(tmp_path / "r" / "2" / "local" / "dirac" / f"bare+{example}.json")
    assert made.settings == {example: {"weight": 0.001}}
    assert made.provenance.spec == spec_hash(Cell("dirac", "bare", example))
    assert bench("validate", tmp_path / "r") == 0
    assert registry.strategy(example).summary.startswith("Drift penalty: ")


@pytest.fixture
def example_task(add):
    add("tasks/mountain_car.py", printed("tasks/mountain_car.py"))
    return strategy_checks.miniature(registry.task("mountain_car"))


@pytest.mark.parametrize("check", task_checks.task_checks(), ids=lambda c: c.__name__)
def test_the_example_task_passes_every_general_check(example_task, float64, check):
    check(example_task)


@pytest.mark.parametrize("name", ["replay", "spectral_norm", "twin_critics"])
def test_strategies_act_on_the_example_task(example_task, float64, name):
    pair = strategy_checks.examined(registry.strategy(name), example_task)
    for check in strategy_checks.strategy_checks():
        check(pair)


def test_the_example_tasks_anchor_is_what_it_says(example_task):
    """Never at the flag: 999 steps of force uniform in +-1 cost 999 * 0.1 / 3."""
    assert example_task.anchors.low == pytest.approx(-99.9 / 3, rel=0.02)


def test_the_names_in_contributing_exist():
    root = Path(__file__).parents[2]
    for path in re.findall(
        r"`((?:bench|tasks|tests|scripts|strategies)/[\w/]+\.(?:py|sh))`", CONTRIBUTING
    ):
        example = path.endswith(("drift_penalty.py", "mountain_car.py", "ring8_two_scales.py"))
        assert example or (root / path).is_file(), path
