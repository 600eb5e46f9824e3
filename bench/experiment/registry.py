"""Finds tasks and strategies by file name, without a list of them."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from bench import strategies as strategy_package
from bench import tasks as task_package
from bench.experiment import optional, plugins
from bench.experiment.kits import KITS
from bench.learner.strategy import Conflict, Strategy
from bench.learner.task import Task

HOMES = ("gan", "rl", "both", "control")
"""The field in which an idea originated; controls belong to every grid."""

KINDS = {"strategy": "strategies", "task": "tasks"}

T = TypeVar("T")
Settings = Mapping[str, float | int | bool]


class UnknownName(ValueError):
    """A name that is no task, strategy, setting or grid; the message suggests the nearest one."""


class Incomplete(ValueError):
    """A file in `tasks/` or `strategies/` without a required declaration, or not importable."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """Return the error for a name that does not exist; it suggests the most similar one."""
    why = plugins.left_out.get((KINDS.get(kind, ""), name))
    if why is not None:
        return UnknownName(f"the plug-in {name!r} cannot be used: {why}")
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return UnknownName(f"unknown {kind} {name!r}; {hint}")


@dataclass(frozen=True)
class StrategyEntry:
    """A strategy's file: its factory function, and the file's declarations.

    With `player`, the strategy restricted to that player, as the name "r1@reward" says.
    """

    name: str
    factory: Callable[..., Strategy]
    module: ModuleType
    player: str | None = None

    @property
    def full_name(self) -> str:
        """The name, with the player that it is restricted to: "r1@reward"."""
        return self.name if self.player is None else f"{self.name}@{self.player}"

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
    def instead_of(self) -> tuple[str, ...]:
        """The strategies to which this one is an alternative, so that it may take their place."""
        return tuple(getattr(self.module, "INSTEAD_OF", ()))

    @property
    def idle_beside(self) -> dict[str, str]:
        """Strategies beside which this one may find nothing to do, and why."""
        return dict(getattr(self.module, "IDLE_BESIDE", {}))

    @property
    def search(self) -> dict[str, tuple[Any, ...]]:
        """Setting -> the values that a search tries, for three settings at most."""
        return dict(getattr(self.module, "SEARCH", {}))

    def defaults(self, task: Task) -> dict[str, Any]:
        """Return the published settings on this task.

        The factory's default arguments, overridden by the file's DEFAULTS for the task's domain, or
        the field of a game or an extension, then for its kinds, then for the task. Not by `player`:
        effects on several players are those of one setting. Raises as `check` does.
        """
        self.check(task)
        parameters = inspect.signature(self.factory).parameters
        settings = {name: parameter.default for name, parameter in parameters.items()}
        special = getattr(self.module, "DEFAULTS", {})
        domain = () if {"gan", "rl"} & {*task.kinds} else (task.domain,)
        for scope in (*domain, *task.kinds, task.name):
            settings |= special.get(scope, {})
        return settings

    def build(self, task: Task, settings: Settings | None = None) -> Strategy:
        """Return the strategy on this task, with `settings` in place of those defaults.

        Raises `UnknownName` for settings that do not exist, and what `defaults` raises.
        """
        chosen = self.defaults(task)
        for name in settings or {}:
            if name not in chosen:
                raise unknown(f"setting of {self.name}", name, chosen)
        return self._restricted(self.factory(**{**chosen, **(settings or {})}), task)

    @property
    def whole(self) -> bool:
        """Whether it concerns all players at once, so that it cannot be restricted to one."""
        made = self.factory()
        return made.integrator is not None or made.policy is not None

    def on(self, player: str) -> StrategyEntry:
        """Return the strategy restricted to one player."""
        return replace(self, player=player)

    def players(self, task: Task) -> tuple[str, ...]:
        """Return the players of a game to which the strategy can be restricted; maybe none."""
        return tuple(player for player in task.players if self.on(player).fits(task))

    def check(self, task: Task) -> None:
        """Raise `Conflict`, which says who plays, if the strategy cannot act on `player` alone."""
        if self.player is not None:
            self._restricted(self.factory(), task)

    def fits(self, task: Task) -> bool:
        """Return whether `check` raises nothing."""
        try:
            self.check(task)
        except Conflict:
            return False
        return True

    def _restricted(self, whole: Strategy, task: Task) -> Strategy:
        """Return a strategy restricted to `player`, if there is one. Raises as `check` does."""
        if self.player is None:
            return whole
        try:
            return whole.restricted(self.player, task)
        except Conflict as conflict:
            players = ", ".join(task.players)
            if players in str(conflict):
                raise
            raise Conflict(f"{conflict}; the players of {task.name} are {players}") from None


def _loaded(package: ModuleType, read: Callable[[str, ModuleType], T]) -> dict[str, T]:
    """Return what `read` makes of every module of a package, and of plug-ins, by name, sorted.

    Raises `Incomplete` for a file of the package; a plug-in is left out instead.
    """
    kind = package.__name__.rpartition(".")[2]
    found: dict[str, T] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if not info.ispkg:
            why = plugins.name_problem(kind, info.name, ())
            if why is not None:
                raise Incomplete(f"{kind}/{info.name}.py: {why}")
            module = _imported(f"{package.__name__}.{info.name}")
            found[info.name] = _declared(read, info.name, module)
    for name, module in plugins.imported(kind, taken=tuple(found)):
        try:
            found[name] = _declared(read, name, module)
        except Incomplete as error:
            plugins.leave_out(kind, name, str(error))
    return dict(sorted(found.items()))


def _declared(read: Callable[[str, ModuleType], T], name: str, module: ModuleType) -> T:
    """Return what a module declares. Raises `Incomplete`, whatever is wrong with it."""
    try:
        return read(name, module)
    except Incomplete:
        raise
    except Exception as error:  # what it declares may be of any kind
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise Incomplete(f"{module.__file__} is not declared as it should be ({why})") from error


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a file may raise anything
        raise Incomplete(f"{name} {plugins.import_problem(error)}; mend the file") from error


@cache
def strategies() -> dict[str, StrategyEntry]:
    """Return every strategy by name. Raises `Incomplete`."""
    found = _loaded(strategy_package, _strategy_entry)
    for name, entry in list(found.items()):
        wrong = _wrong_alternative(entry, found)
        if wrong is not None and entry.module.__name__.startswith(f"{strategy_package.__name__}."):
            raise Incomplete(f"{entry.module.__file__}: {wrong}")
        if wrong is not None:
            plugins.leave_out("strategies", name, wrong)
            del found[name]
    return found


def _wrong_alternative(entry: StrategyEntry, known: Collection[str]) -> str | None:
    """Return what is wrong with the names in INSTEAD_OF and IDLE_BESIDE; None if nothing is."""
    for what, names in (("INSTEAD_OF", entry.instead_of), ("IDLE_BESIDE", entry.idle_beside)):
        for name in names:
            if name == entry.name:
                return f"{what} names {name!r}, which is the strategy itself"
            if name not in known:
                return f"{what}: {unknown('strategy', str(name), known)}"
    return None


def _strategy_entry(name: str, module: ModuleType) -> StrategyEntry:
    factory = getattr(module, name, None)
    if not callable(factory) or not inspect.getdoc(factory):
        raise Incomplete(f"{module.__file__} has no function `{name}` with a docstring")
    if getattr(module, "HOME", None) not in HOMES:
        raise Incomplete(f"{module.__file__} has no HOME that is one of {', '.join(HOMES)}")
    if not getattr(module, "SOURCE", None):
        raise Incomplete(f"{module.__file__} has no SOURCE: authors, year, arXiv number")
    if not isinstance(getattr(module, "NEUTRAL", None), dict):
        raise Incomplete(f"{module.__file__} has no NEUTRAL: settings at which nothing changes")
    settings = inspect.signature(factory).parameters
    if any(p.kind is not p.KEYWORD_ONLY or p.default is p.empty for p in settings.values()):
        raise Incomplete(f"{module.__file__}: `{name}` takes settings by name, each with a default")
    wrong = optional.wrong_search(module, name, settings)
    wrong = wrong or optional.wrong_home(module) or optional.wrong_idle(module)
    if wrong is not None:
        raise Incomplete(wrong)
    if not isinstance(getattr(module, "INSTEAD_OF", ()), list | tuple):
        raise Incomplete(f'{module.__file__}: INSTEAD_OF is no list of names, such as ("r1",)')
    for scope, special in dict(getattr(module, "DEFAULTS", {})).items():
        if not dict(special).keys() <= settings.keys():
            raise Incomplete(
                f"{module.__file__}: DEFAULTS of {scope!r} are no settings of `{name}`"
            )
    if not isinstance(factory(), Strategy):
        raise Incomplete(f"{module.__file__}: `{name}` returns no Strategy")
    return StrategyEntry(name, factory, module)


@cache
def tasks() -> dict[str, Task]:
    """Return every task by name. Raises `Incomplete`."""
    return _loaded(task_package, _declared_task)


def _declared_task(name: str, module: ModuleType) -> Task:
    found = getattr(module, "task", None)
    if not isinstance(found, Task) or found.name != name:
        raise Incomplete(f"{module.__file__} has no `task` whose name is {name!r}")
    if not module.__doc__:
        raise Incomplete(f"{module.__file__} has no docstring")
    return found


def strategy(name: str) -> StrategyEntry:
    """Return the strategy of this name, NAME or NAME@PLAYER. Raises `UnknownName`."""
    plain, scoped, player = name.partition("@")
    if scoped and not (plain and plugins.PLAYER.fullmatch(player)):
        raise UnknownName(f"{name!r} is no strategy; write NAME@PLAYER, as in r1@critic")
    if scoped and plain in KITS:
        parts = ", ".join(KITS[plain])
        raise UnknownName(
            f"{plain!r} is a kit, which has no player; restrict its strategies: {parts}"
        )
    if plain not in strategies():
        raise unknown("strategy", plain, strategies())
    return strategies()[plain].on(player) if scoped else strategies()[plain]


def task(name: str) -> Task:
    """Return the task of this name. Raises `UnknownName`."""
    if name not in tasks():
        raise unknown("task", name, tasks())
    return tasks()[name]
