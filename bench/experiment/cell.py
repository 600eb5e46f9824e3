"""Cells: a task, a base, the strategies added to it or removed from it, and their settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.experiment import play as order_of_play
from bench.experiment import registry
from bench.experiment.kits import KIT_SETTINGS, KITS, reference
from bench.learner import integrators
from bench.learner.learner import Learner
from bench.learner.strategy import Conflict, combine

Settings = Mapping[str, Mapping[str, Any]]
"""strategy -> setting -> value, the strategies as in `Cell.strategies`"""
Flat = tuple[tuple[str, str, Any], ...]
"""The same as (strategy, setting, value), sorted."""
Contrast = Literal["base", "added", "in place of", "removed"]
CONTRASTS: Mapping[str, Contrast] = {
    "added": "added",
    "in-place-of": "in place of",
    "removed": "removed",
}
"""What grids call the contrasts that are to be run beside the bases."""

TEXT = re.compile(r"([^/]+)/(bare|reference)([+-][^=~]+?)?(?:=([^@~]+))?(?:@(\d+))?(?:~(tuned))?")
"""TASK/BASE-REMOVED+ADDED=PLAY@UPDATES~VARIANT, with a sign before each strategy. A strategy may
hold an @ too, but no digit after it."""


class BadGrid(ValueError):
    """A grid, a cell or settings that are not valid; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A task, a base, the strategies added to it or removed from it, and their settings.

    `strategy` is None for the base itself, a name, or several names joined by "+", which then act
    together; a name is a strategy's, which may be restricted to one player ("r1@reward"), or a
    kit's. Strategies that the reference base already contains are removed from it instead of added.
    With `instead_of`, strategies of the base, joined by "+" too, they are added in place of these.
    `updates` is a custom number of updates instead of the task's; reports leave such cells out.
    `given` are settings in place of the published ones, as (strategy, setting, value), and
    `variant` is their origin: "tuned", or the number of a search's candidate. `play` is another
    order of play than the task's (see `bench.experiment.play`).
    """

    task: str
    base: str
    strategy: str | None = None
    updates: int | None = None
    variant: str = ""
    given: Flat = ()
    play: str = ""
    instead_of: str | None = None

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Return the cell of a text "TASK/NAME", such as "pendulum/reference-replay".

        Raises `BadGrid` for other texts, `UnknownName` for names that do not exist, and `Conflict`
        for a strategy on a player on which it cannot act.
        """
        found = TEXT.fullmatch(text.removesuffix(".json"))
        if found is None:
            raise BadGrid(f"{text!r} is no cell; write TASK/CELL, as in pendulum/reference+r1")
        task, base, change, play, updates, variant = found.groups()
        play = order_of_play.normal(play or "", registry.task(task))
        number = int(updates) if updates else None
        added, removed = signed((change or "").removeprefix("+"))
        added = "+".join(sorted(added.split("+")))
        pair = (added or removed or None, removed or None if added else None)
        cell = cls(task, base, pair[0], number, variant or "", play=play, instead_of=pair[1])
        for name in cell.strategies:
            registry.strategy(name).check(registry.task(task))
        if f"{task}/{cell.name}" != text.removesuffix(".json"):
            raise BadGrid(f"{text!r} is no cell; did you mean {task}/{cell.name}?")
        return cell

    @property
    def contrast(self) -> Contrast:
        """How the cell differs from its base."""
        if self.strategy is None:
            return "base"
        if self.instead_of is not None:
            return "in place of"
        return "removed" if self._inside() else "added"

    @property
    def name(self) -> str:
        """The file name within its task: "bare", "reference-replay", "bare+td3@900~tuned".

        Strategies that are removed have a "-" each: "reference-r1+spectral_norm".
        """
        rest = f"={self.play}" if self.play else ""
        rest += "" if self.updates is None else f"@{self.updates}"
        rest += f"~{self.variant}" if self.variant else ""
        if self.strategy is None:
            return self.base + rest
        if self.contrast == "removed":
            return f"{self.base}-{self.strategy.replace('+', '-')}{rest}"
        removed = f"-{self.instead_of.replace('+', '-')}" if self.instead_of else ""
        return f"{self.base}{removed}+{self.strategy}{rest}"

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names of all active strategies, sorted; a name given twice appears twice.

        Raises `BadGrid` for an `instead_of` that cannot be removed.
        """
        base, named = self._base_strategies(), self.named
        if self.contrast == "removed":
            return tuple(sorted(set(base) - set(named)))
        kept = set(base) - set(self._replaced())
        return tuple(sorted([*named, *(kept - set(named))]))

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return strategy -> setting -> value: those given, else the published ones.

        Raises `BadGrid` if a setting is given that does not exist.
        """
        task = registry.task(self.task)
        found = {name: registry.strategy(name).defaults(task) for name in self.strategies}
        for kit in (self.strategy or "").split("+"):
            for name, own in KIT_SETTINGS.get(kit, {}).items():
                found[name] |= own
        for name, setting, value in self.given:
            if setting not in found.get(name, ()):
                raise BadGrid(f"{self.name} has no setting {setting} of {name}")
            found[name][setting] = value
        return found

    def learner(self) -> Learner:
        """Return the cell's learner. Raises `UnknownName`, `Conflict` or `BadGrid`."""
        task, settings = registry.task(self.task), self.settings()
        built = (registry.strategy(n).build(task, settings.get(n)) for n in self.strategies)
        plan, at_once = combine(built), self.play == order_of_play.SIMULTANEOUS
        owner = plan.owner("integrator")
        if owner is not None and self.play:
            raise Conflict(
                f"{owner.name} decides the order of play itself; leave out {owner.name}, or the "
                f"order {self.play}"
            )
        integrator = integrators.simultaneous if at_once else integrators.alternating
        return Learner(task, plan, integrator, order_of_play.order(self.play, task))

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

    def _replaced(self) -> tuple[str, ...]:
        """The strategies of the base that `strategy` replaces. Raises `BadGrid` for others."""
        base, named = self._base_strategies(), self.named
        removed = tuple(self.instead_of.split("+")) if self.instead_of else ()
        where = f"the {self.base} base of {self.task}"
        for text in (self.instead_of, self.strategy) if removed else ():
            if text is not None and text.split("+") != sorted(set(text.split("+"))):
                raise BadGrid(f"{text} is not sorted, or holds a name twice")
        for name in removed:
            if name in named:
                raise BadGrid(f"{name} is both removed and added; leave one of them out")
            if name not in base:
                has = f"has {', '.join(base)}" if base else "has no strategies"
                raise BadGrid(f"{where} has no {name} to remove: it {has}")
        if removed and self._inside():
            both = "-".join(sorted({*removed, *named}))
            raise BadGrid(
                f"{where} has {self.strategy} already, so that nothing takes the place of "
                f"{self.instead_of}; to remove both write {self.base}-{both}"
            )
        return removed

    def _inside(self) -> bool:
        """Whether the base has all that is named, and with the same settings."""
        given = any(name in KIT_SETTINGS for name in (self.strategy or "").split("+"))
        return set(self.named) <= set(self._base_strategies()) and not given

    def _base_strategies(self) -> tuple[str, ...]:
        """The strategies that the base consists of; none for bare."""
        return () if self.base == "bare" else reference(registry.task(self.task))


def flat(settings: Settings) -> Flat:
    """Return settings as a sorted tuple, which can be compared and hashed."""
    every = [(name, *pair) for name, own in settings.items() for pair in own.items()]
    return tuple(sorted(every, key=lambda one: one[:2]))


def signed(text: str) -> tuple[str, str]:
    """Return what a text such as "spectral_norm-r1" or "-r1+spectral_norm" adds, and removes.

    Each name has the sign before it, the first one "+" if it has none. Either part is joined by
    "+"; what is removed is sorted.
    """
    whole = text if text.startswith("-") else f"+{text}"
    pairs = re.findall(r"([+-])([^+-]*)", whole) if text else []
    added, removed = ([name for sign, name in pairs if sign == s] for s in "+-")
    return "+".join(added), "+".join(sorted(removed))
