"""Cells and grids: what is to be run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.experiment import registry
from bench.learner.learner import Learner
from bench.learner.strategy import combine

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

KITS: Mapping[str, tuple[str, ...]] = {
    "ddpg": ("replay", "target_network"),
    "sac": ("entropy", "replay", "target_network", "twin_critics"),
    "td3": ("critic_steps", "replay", "target_network", "target_smoothing", "twin_critics"),
    "sngan": ("critic_steps", "low_beta1", "spectral_norm"),
    "wgan_gp": ("critic_steps", "gradient_penalty", "low_beta1"),
    "r3gan": ("r1", "r2", "relativistic"),
}
"""Published learners as lists of strategies; a kit's name stands wherever a strategy's does.

Everything else stays the task's: networks, rates, and a GAN's loss, so that `wgan_gp` is WGAN-GP's
penalty and schedule on the non-saturating loss, `low_beta1` is 0.5 where SNGAN and WGAN-GP take 0,
and `sac` has an implicit policy (see `entropy`).
"""

BASES = ("bare", "reference")
Settings = Mapping[str, Mapping[str, Any]]
"""strategy -> setting -> value"""
Flat = tuple[tuple[str, str, Any], ...]
"""The same as (strategy, setting, value), sorted."""
Contrast = Literal["base", "added", "removed"]


class BadGrid(ValueError):
    """A grid file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A task, a base, and a strategy added to it or removed from it.

    `strategy` is None for the base itself, a name, or several names joined by "+", which then act
    together; a name is a strategy's or a kit's. In the reference base, strategies that it already
    has are removed instead. `updates` is a budget other than the task's, for trials: reports leave
    such cells out. `given` are settings in place of the published ones, as (strategy, setting,
    value), and `variant` says whose they are: "tuned", or a number of a search.
    """

    task: str
    base: str
    strategy: str | None = None
    updates: int | None = None
    variant: str = ""
    given: Flat = ()

    @classmethod
    def parse(cls, text: str) -> Cell:
        """The cell of a text such as "pendulum/reference-replay", the inverse of `name`.

        Raises `BadGrid` for other texts and `UnknownName` for names that do not exist.
        """
        pattern = r"([^/]+)/(bare|reference)(?:([+-])([^@~]+))?(?:@(\d+))?(?:~(tuned))?"
        found = re.fullmatch(pattern, text.removesuffix(".json"))
        if found is None:
            raise BadGrid(f"{text!r} is no cell; write TASK/CELL, as in pendulum/reference+r1")
        task, base, _, strategy, updates, variant = found.groups()
        registry.task(task)
        cell = cls(task, base, strategy, int(updates) if updates else None, variant or "")
        for name in cell.strategies:
            registry.strategy(name)
        if f"{task}/{cell.name}" != text.removesuffix(".json"):
            raise BadGrid(f"{text!r} is no cell; did you mean {task}/{cell.name}?")
        return cell

    @property
    def contrast(self) -> Contrast:
        """How the cell differs from its base."""
        if self.strategy is None:
            return "base"
        return "removed" if set(self.named) <= set(self._kit()) else "added"

    @property
    def name(self) -> str:
        """The file name within its task: "bare", "reference-replay", "bare+td3@900~tuned"."""
        rest = "" if self.updates is None else f"@{self.updates}"
        rest += f"~{self.variant}" if self.variant else ""
        if self.strategy is None:
            return self.base + rest
        return f"{self.base}{'-' if self.contrast == 'removed' else '+'}{self.strategy}{rest}"

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names of all strategies in force, sorted; a name given twice appears twice."""
        kit, named = self._kit(), self.named
        if self.contrast == "removed":
            return tuple(sorted(set(kit) - set(named)))
        return tuple(sorted([*named, *(set(kit) - set(named))]))

    def settings(self) -> dict[str, dict[str, Any]]:
        """Every strategy in force with its settings: those given, else the published ones."""
        task = registry.task(self.task)
        found = {name: registry.strategy(name).defaults(task) for name in self.strategies}
        for name, setting, value in self.given:
            if setting not in found.get(name, ()):
                raise BadGrid(f"{self.name} has no setting {setting} of {name}")
            found[name][setting] = value
        return found

    def learner(self) -> Learner:
        """The cell's learner. Raises `UnknownName` or `Conflict`."""
        task, settings = registry.task(self.task), self.settings()
        built = (registry.strategy(n).build(task, settings.get(n)) for n in self.strategies)
        return Learner(task, combine(built))

    @property
    def published(self) -> Cell:
        """The same cell with the published settings."""
        return replace(self, variant="", given=())

    def varied(self, variant: str, settings: Settings) -> Cell:
        """The same cell with these settings (strategy -> setting -> value) in their place."""
        whole = replace(self, given=flat(settings)).settings()
        return replace(self, variant=variant, given=flat(whole))

    @property
    def named(self) -> tuple[str, ...]:
        """The strategies that are added or removed, those of kits among them."""
        names = self.strategy.split("+") if self.strategy else ()
        return tuple(part for name in names for part in KITS.get(name, (name,)))

    def _kit(self) -> tuple[str, ...]:
        return () if self.base == "bare" else REFERENCE[registry.task(self.task).domain]


def flat(settings: Settings) -> Flat:
    """Settings as something that can be compared and hashed."""
    every = [(name, *pair) for name, own in settings.items() for pair in own.items()]
    return tuple(sorted(every, key=lambda one: one[:2]))


class Grid(BaseModel):
    """A grid file: every task with every strategy on every base, each with seeds 0 to seeds - 1."""

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
        """One name, or names with commas between them, are a list too."""
        return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    def narrowed(
        self,
        tasks: tuple[str, ...] | None,
        strategies: tuple[str, ...] | None,
        bases: tuple[str, ...] | None,
        seeds: int | None,
        updates: int | None = None,
    ) -> Grid:
        """The grid with the given parts in place of its own."""
        given = {"tasks": tasks, "strategies": strategies, "bases": bases, "seeds": seeds}
        given["updates"] = updates
        return self.model_copy(update={k: v for k, v in given.items() if v is not None})

    def cells(self) -> list[Cell]:
        """All cells once each, the bases among them; controls belong to every grid.

        Raises `UnknownName` for names that do not exist, `BadGrid` if there are no cells.
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
        # A trial is no part of a comparison: it needs neither base nor controls.
        beside = [] if self.updates else controls
        first = [] if self.updates and named else [None]
        rows = [*first, *sorted({"+".join(sorted(n.split("+"))) for n in (*named, *beside)})]
        cells = [
            Cell(task, base, row, self.updates)
            for task in dict.fromkeys(registry.task(name).name for name in tasks)
            for base in dict.fromkeys(self.bases)
            for row in rows
            # Where the usual kit is empty, the reference base would only repeat the bare one.
            if base == "bare" or REFERENCE[registry.task(task).domain]
        ]
        if not cells:
            raise BadGrid("the usual kit of these tasks is empty, so their only base is bare")
        return cells


def _spelt_out(names: Iterable[str], words: Mapping[str, Iterable[str]]) -> list[str]:
    """The names, with what a word stands for in its place."""
    return [each for name in names for each in words.get(name, (name,))]


def load_grid(name: str) -> Grid:
    """A grid by its name in bench/experiment/grids/, or by the path of a YAML file.

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
