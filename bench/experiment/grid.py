"""Grids: which cells to run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bench.experiment import registry, strict_yaml
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.kits import BASES, GRID_FOLDER, KITS, REFERENCE
from bench.experiment.validation import validated

Names = tuple[Annotated[str, Field(min_length=1)], ...]


class Grid(BaseModel):
    """A grid file: every task with every strategy on every base, with seeds 0 to seeds - 1.

    `about` is for `bench list grids`; `updates` is in place of each task's own number of updates.
    Descriptions and examples are what the errors of `load_grid` say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    about: str = Field(
        description="a text in quotes", examples=['"two tasks with r1, 3 seeds; minutes"']
    )
    tasks: Names = Field(
        description='a list of names, "core", or "all"',
        examples=["[ring8, pendulum]"],
    )
    strategies: Names = Field(
        description='a list of names, "a+b" for both, kits, or "all"',
        examples=["[r1, replay, r1+replay]"],
    )
    bases: Names = Field(
        default=BASES, description="a list of bases", examples=["[bare, reference]"]
    )
    seeds: int = Field(
        default=10, ge=1, le=1000, description="a whole number from 1 to 1000", examples=["10"]
    )
    updates: int | None = Field(
        default=None, ge=1, description="a whole number from 1, or null", examples=["2000"]
    )

    @field_validator("tasks", "strategies", "bases", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Accept a list, and a text with one name or comma-separated names."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(","))
        return tuple(value) if isinstance(value, list) else value

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
        for *_, wrong in self.wrong_names():
            raise wrong
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

    def wrong_names(self) -> Iterator[tuple[str, int, ValueError]]:
        """Yield field, index and error of every name that does not exist."""
        known = {
            "tasks": ("task", {*registry.tasks()}, {"all", "core"}),
            "strategies": ("strategy", {*registry.strategies(), *KITS}, {"all"}),
            "bases": ("base", {*BASES}, set()),
        }
        for field, (kind, names, words) in known.items():
            if not getattr(self, field) and field != "strategies":
                yield field, 0, BadGrid(f"{field} is empty; name at least one {kind}")
            for index, given in enumerate(getattr(self, field)):
                for name in given.split("+") if field == "strategies" else (given,):
                    if not re.fullmatch(r"\S+", name):
                        problem = (
                            f"{given!r} is no {kind}; separate names by commas, without spaces"
                        )
                        yield field, index, BadGrid(problem)
                    elif name not in names and given not in words:
                        yield field, index, registry.unknown(kind, name, names)


def _spelt_out(names: Iterable[str], words: Mapping[str, Iterable[str]]) -> list[str]:
    """Replace words, such as "all", by the names that they stand for."""
    return [each for name in names for each in words.get(name, (name,))]


def load_grid(name: str) -> Grid:
    """Return a grid by its name in bench/experiment/grids/, or by the path of a YAML file.

    Raises `UnknownName` for other names, `BadGrid` if there is no such file or it is not a grid.
    """
    path, known = Path(name), list(grid_names())
    if not name.endswith((".yaml", ".yml")) and path.name == name:
        if name not in known:
            raise registry.unknown("grid", name, known)
        path = GRID_FOLDER / f"{name}.yaml"
    try:
        document = strict_yaml.load(path)
        grid = validated(Grid, document)
        for field, index, wrong in grid.wrong_names():
            raise document.error(document.line((field, index)), str(wrong))
        return grid
    except FileNotFoundError as error:
        raise BadGrid(
            f"there is no file {path}; give a grid file, or a name: {', '.join(known)}"
        ) from error
    except strict_yaml.BadYaml as error:
        raise BadGrid(str(error)) from error


def grid_names() -> Iterator[str]:
    """Return the names of the grids that come with the suite."""
    return (path.stem for path in sorted(GRID_FOLDER.glob("*.yaml")))
