"""Finds tasks and strategies by file name, without a list of them."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import strategies as strategy_package
import tasks as task_package
from bench.learner.strategy import Strategy
from bench.learner.task import Task

HOMES = ("gan", "rl", "both", "control")
"""The field in which an idea originated; controls belong to every grid."""

MOST_SEARCHED = 3
"""How many settings of one strategy a search may vary, at most."""

Settings = Mapping[str, float | int | bool]


class UnknownName(ValueError):
    """A name that is no task, strategy, setting or grid; the message suggests the nearest one."""


class Incomplete(ValueError):
    """A file in `tasks/` or `strategies/` without a required declaration, or not importable."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """Return the error for a name that does not exist; it suggests the most similar one."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return UnknownName(f"unknown {kind} {name!r}; {hint}")


@dataclass(frozen=True)
class StrategyEntry:
    """A strategy's file: its factory function, and the file's declarations."""

    name: str
    factory: Callable[..., Strategy]
    module: ModuleType

    @property
    def summary(self) -> str:
        """The first line of the factory's docstring."""
        return str(inspect.getdoc(self.factory)).splitlines()[0]

    @property
    def home(self) -> str:
        """The field in which the idea originated: "gan", "rl", "both", or "control"."""
        return self.module.HOME

    @property
    def source(self) -> str:
        """Authors, year, arXiv number."""
        return self.module.SOURCE

    @property
    def search(self) -> dict[str, tuple[Any, ...]]:
        """Setting -> the values that a search tries, for three settings at most."""
        return dict(getattr(self.module, "SEARCH", {}))

    def defaults(self, task: Task) -> dict[str, Any]:
        """Return the published settings on this task.

        The factory's default arguments, overridden by the file's DEFAULTS for the task's domain,
        then for the kinds that it belongs to, then for the task itself.
        """
        parameters = inspect.signature(self.factory).parameters
        settings = {name: parameter.default for name, parameter in parameters.items()}
        special = getattr(self.module, "DEFAULTS", {})
        for scope in (task.domain, *task.kinds, task.name):
            settings |= special.get(scope, {})
        return settings

    def build(self, task: Task, settings: Settings | None = None) -> Strategy:
        """Return the strategy on this task, with `settings` in place of those defaults.

        Raises `UnknownName` for settings that do not exist.
        """
        chosen = self.defaults(task)
        for name in settings or {}:
            if name not in chosen:
                raise unknown(f"setting of {self.name}", name, chosen)
        return self.factory(**{**chosen, **(settings or {})})


def _modules(package: ModuleType) -> dict[str, ModuleType]:
    """Return the modules of a package, and those that plug-ins add to it, by name.

    A plug-in adds one by an entry point of the group "crossover.strategies" or "crossover.tasks",
    whose name is the strategy's or task's and whose value is its module. Raises `Incomplete`.
    """
    found = {
        info.name: _imported(f"{package.__name__}.{info.name}", "mend the file")
        for info in pkgutil.iter_modules(package.__path__)
        if not info.ispkg
    }
    for offered in entry_points(group=f"crossover.{package.__name__}"):
        if offered.name in found:
            raise Incomplete(
                f"{offered.value}, from another package, offers {offered.name!r}, which is taken; "
                f"rename it there, or uninstall that package"
            )
        found[offered.name] = _imported(offered.value, "mend or uninstall its package")
    return found


def _imported(name: str, remedy: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # a file may raise anything
        kind = type(error).__name__
        raise Incomplete(f"{name} cannot be imported ({kind}: {error}); {remedy}") from error


@cache
def strategies() -> dict[str, StrategyEntry]:
    """Return every strategy by name. Raises `Incomplete`."""
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
    if not isinstance(getattr(module, "NEUTRAL", None), dict):
        raise Incomplete(f"{module.__file__} has no NEUTRAL: settings at which nothing changes")
    search, settings = getattr(module, "SEARCH", {}), inspect.signature(factory).parameters
    if len(search) > MOST_SEARCHED or not search.keys() <= settings.keys():
        raise Incomplete(
            f"SEARCH of {module.__file__} must name up to {MOST_SEARCHED} settings of `{name}`, "
            f"with the values to try"
        )
    return factory


@cache
def tasks() -> dict[str, Task]:
    """Return every task by name. Raises `Incomplete`."""
    found: dict[str, Any] = {}
    for name, module in sorted(_modules(task_package).items()):
        found[name] = getattr(module, "task", None)
        if getattr(found[name], "name", None) != name:
            raise Incomplete(f"{module.__file__} has no `task` whose name is {name!r}")
        if not module.__doc__:
            raise Incomplete(f"{module.__file__} has no docstring")
    return found


def strategy(name: str) -> StrategyEntry:
    """Return the strategy of this name. Raises `UnknownName`."""
    if name not in strategies():
        raise unknown("strategy", name, strategies())
    return strategies()[name]


def task(name: str) -> Task:
    """Return the task of this name. Raises `UnknownName`."""
    if name not in tasks():
        raise unknown("task", name, tasks())
    return tasks()[name]
