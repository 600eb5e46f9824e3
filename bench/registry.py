"""Finds tasks and strategies by file name; there is no list to edit."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import strategies as strategy_package
import tasks as task_package
from bench.game import Task
from bench.strategy import Strategy

HOMES = ("gan", "rl", "both", "control")
"""Where an idea was born; controls belong to every grid."""

Settings = Mapping[str, float | int | bool]


class UnknownName(ValueError):
    """A name that is no task, strategy, setting or grid; the message suggests the nearest one."""


class Incomplete(ValueError):
    """A file in `tasks/` or `strategies/` that lacks what every such file has."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that does not exist, with the nearest one that does."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return UnknownName(f"unknown {kind} {name!r}; {hint}")


@dataclass(frozen=True)
class StrategyEntry:
    """A strategy file: its factory and what the file declares beside it."""

    name: str
    factory: Callable[..., Strategy]
    module: ModuleType

    @property
    def summary(self) -> str:
        """The first line of the factory's docstring."""
        return str(inspect.getdoc(self.factory)).splitlines()[0]

    @property
    def home(self) -> str:
        """Where the idea was born: "gan", "rl", "both", or "control"."""
        return self.module.HOME

    @property
    def source(self) -> str:
        """Authors, year, arXiv number."""
        return self.module.SOURCE

    def defaults(self, task: Task) -> dict[str, Any]:
        """The published settings on this task.

        The factory's own defaults, overridden by the file's DEFAULTS for the task's domain, then
        for the families it belongs to, then for the task itself.
        """
        parameters = inspect.signature(self.factory).parameters
        settings = {name: parameter.default for name, parameter in parameters.items()}
        special = getattr(self.module, "DEFAULTS", {})
        for scope in (task.domain, *task.kinds, task.name):
            settings |= special.get(scope, {})
        return settings

    def build(self, task: Task, settings: Settings | None = None) -> Strategy:
        """The strategy on this task, with `settings` in place of the defaults they name."""
        chosen = self.defaults(task)
        for name in settings or {}:
            if name not in chosen:
                raise unknown(f"setting of {self.name}", name, chosen)
        return self.factory(**{**chosen, **(settings or {})})


def _modules(package: ModuleType) -> dict[str, ModuleType]:
    return {
        info.name: importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
        if not info.ispkg
    }


@cache
def strategies() -> dict[str, StrategyEntry]:
    """Every strategy by name. Raises `Incomplete`."""
    return {
        name: StrategyEntry(name, _strategy_factory(name, module), module)
        for name, module in sorted(_modules(strategy_package).items())
    }


def _strategy_factory(name: str, module: ModuleType) -> Callable[..., Strategy]:
    factory = getattr(module, name, None)
    if not callable(factory) or not inspect.getdoc(factory):
        raise Incomplete(f"{module.__file__} has no function `{name}` with a docstring")
    if getattr(module, "HOME", None) not in HOMES:
        raise Incomplete(f"{module.__file__} has no HOME that is one of {', '.join(HOMES)}")
    if not getattr(module, "SOURCE", None):
        raise Incomplete(f"{module.__file__} has no SOURCE: authors, year, arXiv number")
    return factory


@cache
def tasks() -> dict[str, Task]:
    """Every task by name. Raises `Incomplete`."""
    found: dict[str, Any] = {}
    for name, module in sorted(_modules(task_package).items()):
        found[name] = getattr(module, "task", None)
        if getattr(found[name], "name", None) != name:
            raise Incomplete(f"{module.__file__} has no `task` whose name is {name!r}")
        if not module.__doc__:
            raise Incomplete(f"{module.__file__} has no docstring")
    return found


def strategy(name: str) -> StrategyEntry:
    """One strategy; raises `UnknownName`."""
    if name not in strategies():
        raise unknown("strategy", name, strategies())
    return strategies()[name]


def task(name: str) -> Task:
    """One task; raises `UnknownName`."""
    if name not in tasks():
        raise unknown("task", name, tasks())
    return tasks()[name]
