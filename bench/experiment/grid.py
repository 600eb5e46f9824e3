"""Grids: which cells to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.kits import BASES, GRID_FOLDER, KITS, REFERENCE
from bench.experiment.validation import first_problem


class Grid(BaseModel):
    """A grid file: every task with every strategy on every base, with seeds 0 to seeds - 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = Field(description="one line for `bench list grids`")
    tasks: tuple[str, ...] = Field(description='names, "core", or "all"')
    strategies: tuple[str, ...] = Field(description='names, "a+b" for both, kits, or "all"')
    bases: tuple[str, ...] = BASES
    seeds: int = Field(default=10, ge=1, le=1000)
    updates: int | None = Field(default=None, ge=1, description="instead of each task's budget")

    @field_validator("tasks", "strategies", "bases", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Accept a text with one name or comma-separated names as a list."""
        return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    def narrowed(
        self,
        tasks: tuple[str, ...] | None,
        strategies: tuple[str, ...] | None,
        bases: tuple[str, ...] | None,
        seeds: int | None,
        updates: int | None = None,
    ) -> Grid:
        """Return the grid with the given values in place of its own; None keeps its own."""
        given = {"tasks": tasks, "strategies": strategies, "bases": bases, "seeds": seeds}
        given["updates"] = updates
        return self.model_copy(update={k: v for k, v in given.items() if v is not None})

    def cells(self) -> list[Cell]:
        """Return all cells once each, including the bases and the controls.

        With a custom number of updates, controls and bases (unless nothing else is named) are left
        out. Raises `UnknownName` for names that do not exist, `BadGrid` if there are no cells.
        """
        if not self.tasks or not self.bases:
            raise BadGrid("a grid without tasks or without bases has no cells; name one of each")
        every, strategies = registry.tasks(), registry.strategies()
        core = [name for name, task in every.items() if task.tier == "core"]
        tasks = _spelt_out(self.tasks, {"all": every, "core": core})
        named = _spelt_out(self.strategies, {"all": strategies})
        controls = [n for n, entry in registry.strategies().items() if entry.home == "control"]
        for base in self.bases:
            if base not in BASES:
                raise registry.unknown("base", base, BASES)
        for name in (part for strategy in named for part in strategy.split("+")):
            if name not in (known := {*strategies, *KITS}):
                raise registry.unknown("strategy", name, known)
        # Cells with a custom number of updates are not compared: they need no base, no controls.
        beside = [] if self.updates else controls
        first = [] if self.updates and named else [None]
        rows = [*first, *sorted({"+".join(sorted(n.split("+"))) for n in (*named, *beside)})]
        cells = [
            Cell(task, base, row, self.updates)
            for task in dict.fromkeys(registry.task(name).name for name in tasks)
            for base in dict.fromkeys(self.bases)
            for row in rows
            # Where the reference base has no strategies, it would only repeat the bare one.
            if base == "bare" or REFERENCE[registry.task(task).domain]
        ]
        if not cells:
            raise BadGrid("these tasks have no reference base; use --base bare")
        return cells


def _spelt_out(names: Iterable[str], words: Mapping[str, Iterable[str]]) -> list[str]:
    """Replace words, such as "all", by the names that they stand for."""
    return [each for name in names for each in words.get(name, (name,))]


def load_grid(name: str) -> Grid:
    """Return a grid by its name in bench/experiment/grids/, or by the path of a YAML file.

    Raises `UnknownName` for other names, `BadGrid` if there is no such file or it is not a grid.
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


def grid_names() -> Iterator[str]:
    """Return the names of the grids that come with the suite."""
    return (path.stem for path in sorted(GRID_FOLDER.glob("*.yaml")))
