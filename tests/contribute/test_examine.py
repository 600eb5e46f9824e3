"""A contributor's path: files from a template, an examination in under a minute, other packages."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bench import strategies
from bench.contribute import scaffold
from bench.experiment import plugins, registry
from bench.experiment.registry import Incomplete
from tests.support.fakes import bench

TESTS = Path(__file__).parents[1]
Offers = list[tuple[str, str, str]]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout of its own for new strategies, besides those that exist."""
    folder = tmp_path / "strategies"
    folder.mkdir()
    (tmp_path / "tests" / "facts").mkdir(parents=True)
    monkeypatch.setattr(strategies, "__path__", [str(folder), *strategies.__path__])
    registry.strategies.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for path in folder.glob("*.py"):
        sys.modules.pop(f"bench.strategies.{path.stem}", None)
        vars(strategies).pop(path.stem, None)
    registry.strategies.cache_clear()


def test_new_writes_a_pair_that_holds(tmp_path: Path) -> None:
    """In a copy of the repository: its strategy, and its fact, which a fault would break."""
    for folder in ("bench", "strategies", "tasks", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(TESTS.parent / folder, tmp_path / folder, symlinks=True, ignore=ignored)
    shutil.copy(TESTS.parent / "pyproject.toml", tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bench", *arguments]
        place = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            command, cwd=tmp_path, env=place, check=False, capture_output=True, text=True
        )

    assert run("new", "strategy", "my_trick", "--home", "rl").returncode == 0
    start = time.perf_counter()
    checked = run("check", "my_trick")
    assert time.perf_counter() - start < 60
    assert checked.returncode == 0, checked.stderr
    assert "fails" not in checked.stdout
    assert f"goes together with {len(registry.strategies())} strategies" in checked.stdout
    path = tmp_path / "strategies" / "my_trick.py"
    path.write_text(path.read_text().replace("weight * q.square()", "weight * 2.0 * q.square()"))
    checked = run("check", "my_trick", "--tasks", "dirac")
    assert checked.returncode == 1
    assert "its known fact does not hold" in checked.stderr


def test_the_templates_fact_is_the_one_that_is_explained() -> None:
    """CONTRIBUTING's example differs from the template in its name, source and words only."""
    text = (scaffold.TEMPLATES / "strategy.py.j2").read_text()
    explained = (TESTS.parent / "CONTRIBUTING.md").read_text()
    body = text[text.index("    def penalty") :].replace("{{ name }}", "drift_penalty")
    assert body.strip() in explained
    fact = (scaffold.TEMPLATES / "fact.py.j2").read_text().replace("{{ name }}", "drift_penalty")
    assert fact.strip() in explained


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *(("Big", "small letters"), ("a+b", "small letters"), ("my/trick", "small letters")),
        *(("class", "a word of Python's"), ("r1", "taken"), ("td3", "a kit"), ("all", "a grid's")),
    ],
)
def test_bad_names_write_nothing(
    name: str, why: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("new", "strategy", name) == 2
    error = capsys.readouterr().err
    assert why in error
    assert len(error.splitlines()) == 1
    assert not list((checkout / "strategies").glob("*.py"))


def test_a_file_is_never_written_over(checkout: Path) -> None:
    path = checkout / "tests" / "facts" / "test_mine.py"
    path.write_text("precious")
    assert bench("new", "strategy", "mine") == 2
    assert path.read_text() == "precious"
    assert not (checkout / "strategies" / "mine.py").exists()


def test_check_names_what_fails(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A neutral setting that is not neutral, and no fact."""
    text = (scaffold.TEMPLATES / "strategy.py.j2").read_text()
    text = text.replace("{{ name }}", "faulty").replace("{{ home }}", "gan")
    text = text.replace("return weight * q", "return (weight + 0.1) * q")
    (checkout / "strategies" / "faulty.py").write_text(text)
    registry.strategies.cache_clear()
    assert bench("check", "faulty", "--tasks", "ring8") == 1
    said = capsys.readouterr()
    assert "neutral is the baseline" in said.out
    assert "fails on ring8" in said.out
    assert "goes together with" not in said.out  # that was not looked at
    assert "active differs" in said.out
    assert "it has no known fact" in said.err
    assert "the neutral setting is not the baseline" in said.err


def test_a_strategy_under_another_name_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (scaffold.TEMPLATES / "strategy.py.j2").read_text().replace("{{ home }}", "gan")
    text = text.replace('name="{{ name }}"', 'name="other"').replace("{{ name }}", "mine")
    (checkout / "strategies" / "mine.py").write_text(text)
    registry.strategies.cache_clear()
    assert bench("check", "mine", "--tasks", "ring8") == 1
    assert "it calls itself 'other', its file 'mine'" in capsys.readouterr().err


def test_check_of_an_unknown_strategy(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("check", "gradient_penalti") == 2
    assert "did you mean 'gradient_penalty'?" in capsys.readouterr().err


@pytest.fixture
def offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str, str]]]:
    """Entry points (group, name, module) of a package outside this repository."""
    offers: Offers = []
    package = tmp_path / "elsewhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    trick = (scaffold.TEMPLATES / "strategy.py.j2").read_text()
    trick = trick.replace("{{ name }}", "their_trick").replace("{{ home }}", "gan")
    trick = trick.replace(
        "from bench", "from . import helper\nfrom .deeper.scale import SCALE\nfrom bench", 1
    )
    (package / "their_trick.py").write_text(trick)
    (package / "helper.py").write_text("from .deeper import SHIFT\n")
    (package / "deeper").mkdir()
    (package / "deeper" / "__init__.py").write_text("SHIFT = 1.0\n")
    (package / "deeper" / "scale.py").write_text("from .. import helper\n\nSCALE = 2.0\n")
    (package / "their_ring.py").write_text(
        '"""A ring of five."""\n'
        "from bench.tasks.ring8 import task as ring8\n\n"
        "class TheirRing(type(ring8)):\n    name = 'their_ring'\n\n"
        "task = TheirRing()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, module, g) for g, name, module in offers if g == group]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    registry.strategies.cache_clear()
    registry.tasks.cache_clear()
    yield offers
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.split(".")[0] == "elsewhere"]:
        del sys.modules[name]
    registry.strategies.cache_clear()
    registry.tasks.cache_clear()


def test_other_packages_offer_strategies_and_tasks(
    offered: Offers, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.experiment.cell import Cell
    from bench.experiment.spec import needed_modules, spec_hash

    offered.append(("crossover.strategies", "their_trick", "elsewhere.their_trick"))
    offered.append(("crossover.tasks", "their_ring", "elsewhere.their_ring"))
    cell = Cell.parse("their_ring/bare+their_trick")
    learner = cell.learner()
    assert learner.task.name == "their_ring"
    assert learner.plan.parts["penalty"][0].name == "their_trick"
    assert len(spec_hash(cell)) == 16
    needed = needed_modules("elsewhere.their_trick")
    assert "bench.learner.strategy" in needed
    assert {f"elsewhere.{name}" for name in ("helper", "deeper", "deeper.scale")} <= needed
    assert bench("check", "their_trick", "--tasks", "their_ring") == 1
    said = capsys.readouterr()
    assert "fails" not in said.out
    assert "it has no known fact" in said.err


def test_a_search_names_settings_of_the_strategy(checkout: Path) -> None:
    text = (scaffold.TEMPLATES / "strategy.py.j2").read_text()
    text = text.replace("{{ name }}", "lost").replace("{{ home }}", "gan")
    text = text.replace('SEARCH = {"weight"', 'SEARCH = {"wait"')
    (checkout / "strategies" / "lost.py").write_text(text)
    registry.strategies.cache_clear()
    with pytest.raises(Incomplete, match="SEARCH"):
        registry.strategies()
