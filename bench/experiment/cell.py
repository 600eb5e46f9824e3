"""Cells: a task, a base, the strategies added to it or removed from it, and their settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.experiment import registry
from bench.experiment.kits import KITS, REFERENCE
from bench.learner.learner import Learner
from bench.learner.strategy import combine

Settings = Mapping[str, Mapping[str, Any]]
"""strategy -> setting -> value"""
Flat = tuple[tuple[str, str, Any], ...]
"""The same as (strategy, setting, value), sorted."""
Contrast = Literal["base", "added", "removed"]


class BadGrid(ValueError):
    """A grid, a cell or settings that are not valid; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A task, a base, the strategies added to it or removed from it, and their settings.

    `strategy` is None for the base itself, a name, or several names joined by "+", which then act
    together; a name is a strategy's or a kit's. Strategies that the reference base already contains
    are removed from it instead of added. `updates` is a custom number of updates instead of the
    task's; reports leave such cells out. `given` are settings in place of the published ones, as
    (strategy, setting, value), and `variant` is their origin: "tuned", or the number of a search's
    candidate.
    """

    task: str
    base: str
    strategy: str | None = None
    updates: int | None = None
    variant: str = ""
    given: Flat = ()

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Return the cell of a text "TASK/NAME", such as "pendulum/reference-replay".

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
        return "removed" if set(self.named) <= set(self._base_strategies()) else "added"

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
        """The names of all active strategies, sorted; a name given twice appears twice."""
        base, named = self._base_strategies(), self.named
        if self.contrast == "removed":
            return tuple(sorted(set(base) - set(named)))
        return tuple(sorted([*named, *(set(base) - set(named))]))

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return strategy -> setting -> value: those given, else the published ones.

        Raises `BadGrid` if a setting is given that does not exist.
        """
        task = registry.task(self.task)
        found = {name: registry.strategy(name).defaults(task) for name in self.strategies}
        for name, setting, value in self.given:
            if setting not in found.get(name, ()):
                raise BadGrid(f"{self.name} has no setting {setting} of {name}")
            found[name][setting] = value
        return found

    def learner(self) -> Learner:
        """Return the cell's learner. Raises `UnknownName`, `Conflict` or `BadGrid`."""
        task, settings = registry.task(self.task), self.settings()
        built = (registry.strategy(n).build(task, settings.get(n)) for n in self.strategies)
        return Learner(task, combine(built))

    @property
    def published(self) -> Cell:
        """The same cell with the published settings."""
        return replace(self, variant="", given=())

    def varied(self, variant: str, settings: Settings) -> Cell:
        """Return the cell with these settings (strategy -> setting -> value) as `variant`.

        All others are as before. Raises `BadGrid` for settings that do not exist.
        """
        whole = replace(self, given=flat(settings)).settings()
        return replace(self, variant=variant, given=flat(whole))

    @property
    def named(self) -> tuple[str, ...]:
        """The strategies that are added or removed, with kits replaced by their strategies."""
        names = self.strategy.split("+") if self.strategy else ()
        return tuple(part for name in names for part in KITS.get(name, (name,)))

    def _base_strategies(self) -> tuple[str, ...]:
        """The strategies that the base consists of; none for bare."""
        return () if self.base == "bare" else REFERENCE[registry.task(self.task).domain]


def flat(settings: Settings) -> Flat:
    """Return settings as a sorted tuple, which can be compared and hashed."""
    every = [(name, *pair) for name, own in settings.items() for pair in own.items()]
    return tuple(sorted(every, key=lambda one: one[:2]))
