"""What one name of a grid, such as "r1@each", "a-b" or "a*b", changes of a base."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations, product

from bench.experiment import registry
from bench.experiment.cell import BadGrid, signed
from bench.experiment.kits import KITS
from bench.learner.task import Task

EACH = "@each"
"""Of a strategy: restricted to one player, once for each player of a task on which it can act."""

CROSS = "*"
"""Between strategies: each alone and all that can be made of them together, as in model formulas
(Wilkinson and Rogers, 1973)."""

Change = tuple[str | None, str | None]
"""The strategies that are added or removed, and those in whose place they are: as in `Cell`."""


def changes(name: str, task: Task, inside: Collection[str]) -> Iterator[Change]:
    """Yield what a name of a grid stands for on a base that has the strategies `inside`.

    "a-b" is a in place of b, or a added where the base has no b. "a" is a added, and a in place of
    what the base has of the strategies to which a is an alternative, if it has any. "a*b" is the
    base with a alone of these two, with b alone, with both and with neither.
    """
    if CROSS in name:
        yield from _crossed(name.split(CROSS), inside)
        return
    added, removed = signed(name)
    for row in _for_each(added, task, inside):
        parts = {part for each in row.split("+") for part in KITS.get(each, (each,))}
        if removed:
            rivals = {part for each in removed.split("+") for part in KITS.get(each, (each,))}
        else:
            yield "+".join(sorted(row.split("+"))), None
            plain = {part.partition("@")[0] for part in parts}
            rivals = {rival for part in plain for rival in registry.strategy(part).instead_of}
            rivals = set() if parts <= set(inside) else rivals - plain
        replaced = "+".join(sorted(rivals & set(inside)))
        if removed or replaced:
            yield "+".join(sorted(row.split("+"))), replaced or None


def cross_problem(given: str) -> ValueError | None:
    """Return why "a*b" cannot be crossed; None if it can, or if it holds no sign of that."""
    names = given.split(CROSS)
    if len(names) == 1:
        return None
    for name in names:
        if not name or name in KITS or set(name) & {"+", "-", "@", " "}:
            return BadGrid(f"{given!r} crosses {name!r}; cross strategies alone, as in r1{CROSS}r2")
        if name not in registry.strategies():
            return registry.unknown("strategy", name, registry.strategies())
    if len({*names}) < len(names):
        return BadGrid(f"{given!r} holds a name twice; write each once")
    return None


def _crossed(names: Collection[str], inside: Collection[str]) -> Iterator[Change]:
    """Yield the base with each subset of these strategies, of which it has some `inside`."""
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            added = "+".join(sorted({*chosen} - {*inside}))
            removed = "+".join(sorted({*names} & {*inside} - {*chosen}))
            yield (added, removed or None) if added else (removed or None, None)


def _for_each(name: str, task: Task, inside: Collection[str]) -> Iterator[str]:
    """Yield what "r1@each" stands for on a task: r1 on every player, if it can act on two.

    A strategy that the base has `inside` is there on all its players, and on none once more.
    """
    ways = []
    for part in name.split("+"):
        plain = part.removesuffix(EACH)
        if plain == part:
            ways.append([part])
            continue
        players = registry.strategy(plain).players(task)
        several = len(players) > 1 and plain not in inside
        ways.append([f"{plain}@{player}" for player in players] if several else [])
    yield from map("+".join, product(*ways))
