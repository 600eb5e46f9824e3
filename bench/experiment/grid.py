"""Grids: which cells to run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bench.experiment import at_home, registry, strict_yaml
from bench.experiment import play as order_of_play
from bench.experiment.cell import CONTRASTS, BadGrid, Cell, signed
from bench.experiment.changes import CROSS, EACH, Change, changes, cross_problem
from bench.experiment.kits import BASES, GRID_FOLDER, KITS, ablations, reference
from bench.experiment.validation import validated
from bench.learner.strategy import Conflict
from bench.learner.task import Task

NONE = "none"
"""In place of contrasts: the bases alone."""

ABLATIONS = "ablations"
"""Of strategies: every kit, and every kit without one of its parts, on the bare base."""

HOME = "home"
"""In place of contrasts: for each strategy the two cells that show it at home (AT_HOME)."""

WORDS = {"all", f"all{EACH}", ABLATIONS}
"""What may stand for many strategies."""

Names = tuple[Annotated[str, Field(min_length=1)], ...]


class Grid(BaseModel):
    """A grid file: every task with every strategy on every base, with seeds 0 to seeds - 1.

    `about` is for `bench list grids`; `updates` is in place of each task's own number of updates;
    every cell is played in every order of `play` (see `bench.experiment.play`). Descriptions and
    examples are what the errors of `load_grid` say.
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
        description='a list of names, "a+b" for both, "a*b" for each alone and both, "a-b" for a '
        'in place of b, kits, "a@player", "ablations", or "all"',
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
    play: Names = Field(
        default=(order_of_play.GIVEN,),
        description="a list of orders of play",
        examples=["[given, simultaneous, reversed, actor.critic]"],
    )
    contrasts: Names = Field(
        default=tuple(CONTRASTS),
        description=f"a list of {', '.join(CONTRASTS)}; or none; or home",
        examples=["[added, removed]"],
    )

    @field_validator("tasks", "strategies", "bases", "play", "contrasts", mode="before")
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
        *,
        play: tuple[str, ...] | None = None,
        contrasts: tuple[str, ...] | None = None,
    ) -> Grid:
        """Return the grid with the given values in place of its own; None keeps its own."""
        given = {"tasks": tasks, "strategies": strategies, "bases": bases, "seeds": seeds}
        given |= {"updates": updates, "play": play, "contrasts": contrasts}
        return self.model_copy(update={k: v for k, v in given.items() if v is not None})

    def cells(self) -> list[Cell]:
        """Return all cells once each, including the bases and the controls.

        With a custom number of updates, controls and bases (unless nothing else is named) are left
        out. Raises what `wrong_names` yields, and `BadGrid` if there are no cells.
        """
        if not self.tasks or not self.bases:
            raise BadGrid("a grid without tasks or without bases has no cells; name one of each")
        for *_, wrong in self.wrong_names():
            raise wrong
        alone = {NONE, HOME} & set(self.contrasts)
        if alone and len(set(self.contrasts)) > 1:
            raise BadGrid(f"{min(alone)} is no contrast beside others; leave it out, or the others")
        if HOME in alone:
            return self._at_home()
        cells = [
            Cell(task.name, base, row, self.updates, play=order, instead_of=replaced)
            for task in self._tasks()
            for base in dict.fromkeys(self.bases)
            # Where the reference base has no strategies, it would only repeat the bare one.
            if base == "bare" or reference(task)
            for rows in [self._rows(task, base)]
            for order in dict.fromkeys(order_of_play.normal(word, task) for word in self.play)
            for row, replaced in rows
        ]
        if cells:
            return self._chosen(cells)
        if "bare" not in self.bases and not any(map(reference, self._tasks())):
            raise BadGrid("these tasks have no reference base; use --base bare")
        each = ", ".join(self.strategies)
        raise BadGrid(f"no task here has two players for {each}; leave {EACH} out")

    def _at_home(self) -> list[Cell]:
        """Return the cells that show these strategies at home, on these tasks."""
        every = registry.strategies()
        named = _spelt_out(self.strategies, {"all": every})
        for name in named:
            if name not in every:
                raise BadGrid(f"{name} has no cells at home; name strategies, each by itself")
        if self.updates is not None or set(self.play) != {order_of_play.GIVEN}:
            raise BadGrid("cells at home are as declared; leave out updates and orders of play")
        found = at_home.cells(named, {task.name for task in self._tasks()})
        if not found:
            names = ", ".join(named) if len(named) <= 3 else "these strategies"
            raise BadGrid(f"{names}: no cells at home (AT_HOME) on these tasks; controls have none")
        return found

    def _chosen(self, cells: list[Cell]) -> list[Cell]:
        """Return the cells of `contrasts`, with bases and controls; of "none" the bases alone."""
        if set(self.contrasts) == {NONE}:
            return [cell for cell in cells if cell.strategy is None]
        contrasts = {CONTRASTS[word] for word in self.contrasts if word in CONTRASTS}
        beside = {(None, None), *((name, None) for name in _controls())}
        rest = {cell for cell in cells if (cell.strategy, cell.instead_of) not in beside}
        chosen = {cell for cell in rest if cell.contrast in contrasts}
        if rest and not chosen:
            each = " or ".join(self.contrasts)
            raise BadGrid(f"no cell here is {each}; leave contrasts out, or name others")
        return [cell for cell in cells if cell not in rest or cell in chosen]

    def _tasks(self) -> list[Task]:
        """Return the tasks once each; without names that do not exist."""
        every = registry.tasks()
        # Extension games have a grid of their own: they count in no verdict.
        counted = {name: task for name, task in every.items() if task.domain != "extension"}
        core = [name for name, task in counted.items() if task.tier == "core"]
        named = _spelt_out(self.tasks, {"all": every, "core": core})
        return [every[name] for name in dict.fromkeys(named) if name in every]

    def _rows(self, task: Task, base: str) -> list[Change]:
        """Return what is changed of a base of a task; the base itself is the first."""
        every = registry.strategies()
        able = [name + EACH for name, entry in every.items() if not entry.whole]
        words = {"all": every, f"all{EACH}": able, ABLATIONS: ablations() if base == "bare" else ()}
        named = _spelt_out(self.strategies, words)
        # Cells with a custom number of updates are not compared: they need no base, no controls.
        beside = [] if self.updates else _controls()
        first: list[Change] = [] if self.updates and named else [(None, None)]
        inside = () if base == "bare" else reference(task)
        rows = {row for name in (*named, *beside) for row in changes(name, task, inside)}
        rows -= {(None, None)}
        return [*first, *sorted(rows, key=lambda row: (row[0] or "", row[1] or ""))]

    def wrong_names(self) -> Iterator[tuple[str, int, ValueError]]:
        """Yield field, index and error of every name that does not exist, or not on these tasks."""
        known = {
            "tasks": ("task", {*registry.tasks()}, {"all", "core"}),
            "strategies": ("strategy", {*registry.strategies(), *KITS}, WORDS),
            "bases": ("base", {*BASES}, set()),
            "play": ("order of play", set(), set()),
            "contrasts": ("contrast", {*CONTRASTS}, {NONE, HOME}),
        }
        for field, (kind, names, words) in known.items():
            if not getattr(self, field) and field != "strategies":
                yield field, 0, BadGrid(f"{field} is empty; name at least one {kind}")
            for index, given in enumerate(getattr(self, field)):
                added, removed = signed(given) if field == "strategies" else (given, "")
                crossed = field == "strategies" and CROSS in given
                wrong = cross_problem(given) if crossed else None
                wrong = self._not_removed(given, removed) if removed and not crossed else wrong
                if wrong is not None:
                    yield field, index, wrong
                if wrong is not None or crossed:
                    continue
                for name in added.split("+"):
                    if not re.fullmatch(r"\S+", name):
                        problem = (
                            f"{given!r} is no {kind}; separate names by commas, without spaces"
                        )
                        yield field, index, BadGrid(problem)
                    elif field == "play" or (field == "strategies" and "@" in name):
                        wrong = None if given in words else self._misplaced(field, name)
                        if wrong is not None:
                            yield field, index, wrong
                    elif name not in names and given not in words:
                        yield field, index, registry.unknown(kind, name, names)

    def _not_removed(self, given: str, removed: str) -> ValueError | None:
        """Return why strategies cannot make room for others in any base here; None if they can."""
        if not signed(given)[0]:
            return BadGrid(
                f"{given!r} puts nothing in place of {removed}; write {removed} without the sign: "
                f"it is removed where a base has it"
            )
        bases = [reference(task) for task in self._tasks() if "reference" in self.bases]
        for name in removed.split("+"):
            plain, scoped, _ = name.partition("@")
            if plain not in {*registry.strategies(), *KITS}:
                return registry.unknown("strategy", plain, {*registry.strategies(), *KITS})
            if scoped:
                return BadGrid(f"{plain} is removed from all players at once; write -{plain}")
            if not any(set(KITS.get(plain, (plain,))) & set(base) for base in bases):
                return BadGrid(f"no base here has {plain} to remove; leave -{plain} out of {given}")
        return None

    def _misplaced(self, field: str, name: str) -> ValueError | None:
        """Return why an order of play, or a strategy on one player, is none of these tasks."""
        try:
            if field == "play":
                for task in self._tasks():
                    order_of_play.normal(name, task)
            elif not name.endswith(EACH):
                for task in self._tasks():
                    registry.strategy(name).check(task)
            elif registry.strategy(name).whole:
                return Conflict(f"{name} concerns all players at once; leave {EACH} out")
        except (registry.UnknownName, Conflict) as wrong:
            return wrong
        return None


def _controls() -> list[str]:
    return [name for name, entry in registry.strategies().items() if entry.home == "control"]


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
