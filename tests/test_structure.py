"""The shape of the code: imports go down, seeds are a dimension in one file, no domain is named."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path

import pytest
import setuptools

from bench.experiment import registry

ROOT = Path(__file__).resolve().parent.parent
RANKS = {
    "bench.functional": 0,
    "bench.learner": 1,
    "bench.scoring": 1,
    "bench.training": 2,
    "bench.strategies": 2,
    "bench.tasks": 2,
    "bench.experiment": 3,
    "bench.records": 4,
    "bench.submissions": 5,
    "bench.engine": 6,
    "bench.report": 6,
    "bench.contribute": 7,
    "bench.cli": 8,
}
"""A package imports only packages of strictly lower rank."""
SOURCES = [
    path
    for folder in ("bench", "tasks", "strategies")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
LONGEST_FILE, LONGEST_FUNCTION = 300, 60


def module(path: Path) -> str:
    """Its name; the folders beside `bench` are linked into it."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return name if name.partition(".")[0] == "bench" else f"bench.{name}"


def package(name: str) -> str | None:
    """The ranked package that a module belongs to."""
    return next((p for p in RANKS if name == p or name.startswith(f"{p}.")), None)


MODULES = {module(path): path.read_text(encoding="utf-8") for path in SOURCES}


def imported(name: str, modules: Mapping[str, str]) -> Iterator[str]:
    """What a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(modules[name])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), name.rpartition(".")[0])
            names = [f"{source}.{alias.name}" for alias in node.names]
            # `from bench.functional import rng` imports bench.functional.rng.
            yield from (each if each in modules else source for each in names)


def problems(modules: Mapping[str, str]) -> list[str]:
    """Every import that goes up or sideways, and every circle inside a package."""
    found = []
    edges: dict[str, set[str]] = {}
    for name in modules:
        own = package(name)
        if own is None and name not in {"bench", "bench.__main__"}:
            found.append(f"{name} is in no package: add it to RANKS")
        for target in imported(name, modules):
            other = package(target)
            if own is None or other is None:
                continue
            if other == own:
                edges.setdefault(name, set()).add(target)
            elif RANKS[other] >= RANKS[own]:
                found.append(f"{name} imports {target}, which is not below it")
    return found + [f"a circle: {' -> '.join(circle)}" for circle in circles(edges)]


def circles(edges: Mapping[str, set[str]]) -> Iterator[list[str]]:
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> Iterator[list[str]]:
        if name in path:
            yield [*path[path.index(name) :], name]
        elif name not in done:
            for target in sorted(edges.get(name, ())):
                yield from visit(target, [*path, name])
            done.add(name)

    for name in sorted(edges):
        yield from visit(name, [])


def test_imports_only_go_down_and_never_round() -> None:
    assert problems(MODULES) == []


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("bench.functional.rng", "from bench.learner import task", "is not below it"),
        ("bench.learner.learner", "from bench.scoring.metrics import moments", "is not below it"),
        ("bench.training.train", "import bench.tasks.ring8", "is not below it"),
        ("bench.records.store", "def f():\n    from bench.engine import plan", "is not below it"),
        ("bench.report.tables", "from bench.engine.plan import Job", "is not below it"),
        ("bench.strategies.r1", "from bench.tasks.family import gan", "is not below it"),
        ("bench.learner.problem", "from bench.learner.task import Task", "a circle: "),
        ("bench.engine.plan", "from bench.engine import dispatch", "a circle: "),
        ("bench.engine.plan", "from . import dispatch", "a circle: "),
        ("bench.records.store", "from ..engine import plan", "is not below it"),
        ("bench.functional.rng", "from ..cli.app import main", "is not below it"),
        ("bench.lost", "", "is in no package"),
    ],
)
def test_a_planted_wrong_import_is_found(name: str, line: str, problem: str) -> None:
    changed = {**MODULES, name: f"{MODULES.get(name, '')}\n{line}\n"}
    found = problems(changed)
    assert found
    assert all(problem in text for text in found)


def test_strategies_and_tasks_know_no_other() -> None:
    for name in MODULES:
        for target in imported(name, MODULES):
            if name.startswith("bench.strategies."):
                assert not target.startswith("bench.strategies"), f"{name} imports {target}"
            if name.startswith("bench.tasks.") and target.startswith("bench.tasks"):
                assert target.startswith("bench.tasks.family"), f"{name} imports {target}"


def test_no_name_but_bench_is_imported_or_claimed() -> None:
    """A user's own `tasks.py` or `strategies/` is neither found by mistake nor hidden."""
    for name in MODULES:
        for target in imported(name, MODULES):
            assert target.partition(".")[0] not in {"tasks", "strategies"}, f"{name}: {target}"
    for folder in ("tasks", "strategies"):
        assert (ROOT / "bench" / folder).is_symlink()
        assert (ROOT / "bench" / folder).samefile(ROOT / folder)
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packages = setuptools.find_packages(str(ROOT), include=found["packages"]["find"]["include"])
    assert {name.partition(".")[0] for name in packages} == {"bench"}
    assert {"bench.tasks", "bench.tasks.family", "bench.strategies"} <= set(packages)


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    for path in SOURCES:
        if path.name == "__init__.py":
            (docstring,) = ast.parse(path.read_text()).body
            assert isinstance(docstring, ast.Expr), path


def test_seeds_are_a_dimension_in_one_file() -> None:
    """Only training batches over seeds; the examination of strategies does, to check just that.

    What `batch_layers` puts side by side are groups of rows of one seed's batch.
    """
    users = {name for name, text in MODULES.items() if "vmap(" in text}
    assert users == {
        "bench.training.train",
        "bench.contribute.strategy_checks",
        "bench.functional.batch_layers",
    }


def test_ray_is_imported_by_its_engine_alone() -> None:
    users = {
        name
        for name in MODULES
        if "ray" in {target.split(".")[0] for target in imported(name, MODULES)}
    }
    assert users == {"bench.engine.ray_engine", "bench.engine.ray_search"}


def test_engines_ask_no_job_for_its_class() -> None:
    for name in [name for name in MODULES if package(name) == "bench.engine"]:
        tree = ast.parse(MODULES[name])
        asked = {
            ast.unparse(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance"
        }
        mere_values = {call for call in asked if call.endswith((", bool)", ", float)", ", str)"))}
        errors = {call for call in asked if call.startswith("isinstance(error, ")}
        assert asked == mere_values | errors, f"{name}: {asked}"


LEARNING = [name for name in MODULES if package(name) in {"bench.learner", "bench.training"}]


@pytest.mark.parametrize("name", LEARNING)
def test_learner_and_training_ask_for_no_domain_and_no_strategy(name: str) -> None:
    constants = {n.value for n in ast.walk(ast.parse(MODULES[name])) if isinstance(n, ast.Constant)}
    texts = {text for text in constants if isinstance(text, str)}
    if name == "bench.learner.problem":  # where the domains are named, once
        texts -= {"gan", "rl", "game"}
    # What a part of the state is called may also be a strategy's name: "replay".
    assert not texts & {"gan", "rl", "game", *registry.strategies(), *registry.tasks()}


def test_the_learner_fits_in_a_head() -> None:
    assert len(MODULES["bench.learner.learner"].splitlines()) < 250


TESTS = sorted((ROOT / "tests").rglob("*.py"))


def test_no_file_and_no_function_is_too_long() -> None:
    long = [
        path for path in (*SOURCES, *TESTS) if len(path.read_text().splitlines()) > LONGEST_FILE
    ]
    assert long == []
    for path in (*SOURCES, *TESTS):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{path}: {node.name} has {lines} lines"


def test_tests_mirror_the_packages() -> None:
    packages = {name.removeprefix("bench.") for name in RANKS} - {"strategies"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert folders - {"__pycache__", "facts", "benchmarks", "support"} == packages
