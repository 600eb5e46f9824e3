"""Strategies and tasks that other installed packages offer: plug-ins.

A package offers one by an entry point of the group "crossover.strategies" or "crossover.tasks",
whose name is the strategy's or task's and whose value is its module. A plug-in that cannot be used
is left out, with a warning: it never keeps the others from working.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from bench.experiment.kits import BASES, KITS

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z][a-z0-9_]*")
PLAYER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What may follow the @ of a strategy on one player, as in r1@reward. It does not begin with a
digit, so that it is no number of updates, as in r1@900."""
WORDS = ("all", "core", "ablations")
"""What grids call many at once."""

left_out: dict[tuple[str, str], str] = {}
"""(kind, name) -> why a plug-in of this name is not used; kinds are "strategies" and "tasks"."""


def name_problem(kind: str, name: str, taken: Collection[str]) -> str | None:
    """Return why no strategy or task can have this name; None if it can."""
    if not NAME.fullmatch(name):
        return f"{name!r} is no name; use small letters, digits and underscores"
    if name in taken:
        return f"{name!r} is taken; choose another name"
    if name in WORDS or (kind == "strategies" and name in {*KITS, *BASES}):
        return f"{name!r} is the name of a kit, a base or a grid's word; choose another"
    return None


def offers(kind: str) -> list[EntryPoint]:
    """Return what installed packages offer of a kind, in the order of names."""
    found = entry_points(group=f"crossover.{kind}")
    return sorted(found, key=lambda each: (each.name, each.value))


def imported(kind: str, taken: Collection[str]) -> Iterator[tuple[str, ModuleType]]:
    """Yield the plug-ins that can be imported, by name; those that cannot are left out."""
    given = offers(kind)
    count = Counter(offer.name for offer in given)
    for offer in given:
        why = name_problem(kind, offer.name, taken)
        if why is None and count[offer.name] > 1:
            others = [other.value for other in given if other.name == offer.name]
            why = f"{' and '.join(others)} offer the same name; rename one"
        if why is None and ":" in offer.value:
            why = f"its value is {offer.value!r}; write the module alone, {offer.module!r}"
        module = None
        if why is None:
            try:
                with redirect_stdout(sys.stderr):  # lists for programs are on stdout
                    module = importlib.import_module(offer.value)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # it may raise anything, or exit
                why = import_problem(error)
        if module is None:
            leave_out(kind, offer.name, f"{offer.value}: {why}")
        else:
            yield offer.name, module


def import_problem(error: BaseException) -> str:
    """Return one line on why a module cannot be imported."""
    return " ".join(f"cannot be imported ({type(error).__name__}: {error})".split())


def leave_out(kind: str, name: str, why: str) -> None:
    """Note that a plug-in is not used, with a warning the first time."""
    if (kind, name) not in left_out:
        log.warning(
            "the plug-in %r (of crossover.%s) is left out: %s; mend or uninstall its package",
            *(name, kind, why),
        )
    left_out[kind, name] = why
