"""Cells and grids: what is to be run, and the hash of everything that a result depends on."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench import registry
from bench.learner import Learner
from bench.strategy import combine

PROTOCOL_VERSION = "1"
"""Results are compared within one protocol version only."""

GRID_FOLDER = Path(__file__).parent / "grids"

REFERENCE: Mapping[str, tuple[str, ...]] = {
    "rl": ("replay", "target_network"),
    "gan": ("r1",),
    "game": (),
}
"""The usual kit of each domain, the second base beside `bare`. Chosen on seeds 1000 to 1004; the
README's section on bases has the figures."""

BASES = ("bare", "reference")
Contrast = Literal["base", "added", "removed"]


class BadGrid(ValueError):
    """A grid file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A task, a base, and a strategy added to it or removed from it.

    `strategy` is None for the base itself, a name, or several names joined by "+", which then act
    together. In the reference base, strategies that the kit already has are removed instead.
    """

    task: str
    base: str
    strategy: str | None = None

    @property
    def contrast(self) -> Contrast:
        """How the cell differs from its base."""
        if self.strategy is None:
            return "base"
        return "removed" if set(self.strategy.split("+")) <= set(self._kit()) else "added"

    @property
    def name(self) -> str:
        """The cell's file name within its task: "bare", "bare+r1", "reference-replay"."""
        if self.strategy is None:
            return self.base
        return f"{self.base}{'-' if self.contrast == 'removed' else '+'}{self.strategy}"

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names of all strategies in force, sorted; a name given twice appears twice."""
        kit = self._kit()
        if self.strategy is None:
            return kit
        named = self.strategy.split("+")
        if self.contrast == "removed":
            return tuple(sorted(set(kit) - set(named)))
        return tuple(sorted([*named, *(set(kit) - set(named))]))

    @property
    def base_cell(self) -> Cell:
        """The cell this one is compared with, seed by seed."""
        return replace(self, strategy=None)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Every strategy in force with its published settings on this task."""
        task = registry.task(self.task)
        return {name: registry.strategy(name).defaults(task) for name in self.strategies}

    def learner(self) -> Learner:
        """The cell's learner. Raises `UnknownName` or `Conflict`."""
        task = registry.task(self.task)
        return Learner(task, combine(registry.strategy(n).build(task) for n in self.strategies))

    def _kit(self) -> tuple[str, ...]:
        return () if self.base == "bare" else REFERENCE[registry.task(self.task).domain]


class Grid(BaseModel):
    """A grid file: every task with every strategy on every base, each with seeds 0 to seeds - 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = Field(description="one line for `bench list grids`")
    tasks: tuple[str, ...] | str = Field(description='names, or "all"')
    strategies: tuple[str, ...] | str = Field(description='names, "a+b" for both, or "all"')
    bases: tuple[str, ...] = BASES
    seeds: int = Field(default=10, ge=1, le=1000)

    @field_validator("tasks", "strategies", "bases", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """One name, or names with commas between them, are a list too."""
        if not isinstance(value, str) or value == "all":
            return value
        return [name.strip() for name in value.split(",")]

    def narrowed(
        self,
        tasks: tuple[str, ...] | None,
        strategies: tuple[str, ...] | None,
        bases: tuple[str, ...] | None,
        seeds: int | None,
    ) -> Grid:
        """The grid with the given parts in place of its own; the one name "all" means all."""
        given = {"tasks": tasks, "strategies": strategies, "bases": bases, "seeds": seeds}
        update = {k: "all" if v == ("all",) else v for k, v in given.items() if v is not None}
        return self.model_copy(update=update)

    def cells(self) -> list[Cell]:
        """All cells once each, the bases among them; controls belong to every grid.

        Raises `UnknownName` for names that do not exist, `BadGrid` if there are no cells.
        """
        if not self.tasks or not self.bases:
            raise BadGrid("a grid without tasks or without bases has no cells; name one of each")
        tasks = registry.tasks() if self.tasks == "all" else self.tasks
        named = registry.strategies() if self.strategies == "all" else self.strategies
        controls = [n for n, entry in registry.strategies().items() if entry.home == "control"]
        for base in self.bases:
            if base not in BASES:
                raise registry.unknown("base", base, BASES)
        for name in (part for strategy in named for part in strategy.split("+")):
            registry.strategy(name)
        rows = [None, *sorted({"+".join(sorted(name.split("+"))) for name in (*named, *controls)})]
        cells = [
            Cell(task, base, row)
            for task in dict.fromkeys(registry.task(name).name for name in tasks)
            for base in dict.fromkeys(self.bases)
            for row in rows
            # Where the usual kit is empty, the reference base would only repeat the bare one.
            if base == "bare" or REFERENCE[registry.task(task).domain]
        ]
        if not cells:
            raise BadGrid("the usual kit of these tasks is empty, so their only base is bare")
        return cells


def load_grid(name: str) -> Grid:
    """A grid by its name in bench/grids/, or by the path of a YAML file.

    Raises `UnknownName` if there is neither, `BadGrid` if the file is not a grid.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else GRID_FOLDER / f"{name}.yaml"
    if not path.is_file():
        if path.parent != GRID_FOLDER:
            raise BadGrid(
                f"there is no file {path}; give a grid file, or a name: {', '.join(grid_names())}"
            )
        raise registry.unknown("grid", name, grid_names())
    try:
        return Grid.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise BadGrid(f"{path} is not a grid: {first_problem(error)}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadGrid(f"{path} is not a grid: {' '.join(str(error).split())}") from error


def first_problem(error: ValidationError) -> str:
    """Where and what is the first thing wrong, in one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def grid_names() -> Iterator[str]:
    """The names of the grids that come with the suite."""
    return (path.stem for path in sorted(GRID_FOLDER.glob("*.yaml")))


CORE_MODULES = """rng trees game strategy optim nets steps learner train trace environments metrics
mixture""".split()


def spec_hash(cell: Cell) -> str:
    """A hash of all that the cell's numbers depend on, besides the machine: 16 hex digits.

    The resolved settings, the code of the task, of its strategies and of the core modules, and the
    task's data, so that an edit re-runs just the cells it concerns. Comments and docstrings do not
    count, and neither does the Python version.
    """
    task = registry.task(cell.task)
    parts = {
        "protocol": PROTOCOL_VERSION,
        "settings": cell.settings(),
        "task": code_hash(inspect.getmodule(type(task))),
        "family": [code_hash(inspect.getmodule(base)) for base in type(task).__mro__[1:-1]],
        "strategies": [code_hash(registry.strategy(name).module) for name in cell.strategies],
        "core": _core_hash(),
        "data": task.data_hash(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _core_hash() -> list[str]:
    return [code_hash(import_module(f"bench.{name}")) for name in CORE_MODULES]


@cache
def code_hash(module: ModuleType) -> str:
    """A hash of a module's syntax tree without comments, docstrings and layout."""
    tree = ast.parse(inspect.getsource(module))
    return hashlib.sha256(repr(_canonical(tree)).encode()).hexdigest()


def _canonical(node: Any) -> Any:
    """Nested tuples with all that matters of a syntax tree, the same under every Python version.

    Empty fields are left out, because newer versions add fields.
    """
    if isinstance(node, list):
        return tuple(_canonical(item) for item in node)
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if "body" in fields and isinstance(fields["body"], list):
        fields["body"] = [
            item
            for item in fields["body"]
            if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        ]
    kept = ((name, _canonical(value)) for name, value in fields.items() if value not in (None, []))
    return (type(node).__name__, *kept)
