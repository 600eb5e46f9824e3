"""The search space: the values that strategies declare, and the order of the candidates."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from itertools import chain, product, zip_longest

import numpy as np

from bench.experiment import registry
from bench.experiment.cell import Cell, Settings

Value = bool | int | float | str
Choice = dict[str, dict[str, Value]]
"""strategy -> setting -> value, of the settings that are searched"""
Space = dict[str, dict[str, list[Value]]]
"""strategy -> setting -> the values to try"""
Indices = dict[str, int]
"""strategy.setting -> the index of its value in the space"""


def search_space(cell: Cell) -> Space:
    """Return a cell's search space: the values declared by all its strategies, its base's included.

    So a base is tuned as what is built on it is. What the cell has without a search is among the
    values, whether declared or not: it differs between domains. Strategies that are inert on the
    task are left out. Empty for controls, and where all that differs from the base is inert.
    """
    base = Cell(cell.task, cell.base)
    entries = {n: registry.strategy(n) for n in (*cell.strategies, *cell.named, *base.strategies)}
    if any(entry.home == "control" for entry in entries.values()):
        return {}
    task = registry.task(cell.task)
    acting = {n for n, entry in entries.items() if entry.build(task).why_inert(task) is None}
    changed = {*cell.strategies} ^ {*base.strategies}
    if changed and not changed & acting:
        return {}
    declared = {n: entries[n].search for n in sorted({*cell.strategies} & acting)}
    published = cell.settings()
    return {
        name: {key: _with(published[name][key], values) for key, values in own.items()}
        for name, own in declared.items()
        if own
    }


def _with(value: Value, values: Iterable[Value]) -> list[Value]:
    """Return the values in their order, and this one among them, by its size where it is new."""
    every = list(values)
    return every if value in every else sorted([*every, value])


def size(within: Space) -> int:
    """Return how many different candidates there are, including the published settings."""
    return math.prod(len(values) for own in within.values() for values in own.values())


def searched(settings: Settings, within: Space) -> Choice:
    """Return the part of the settings that is searched."""
    return {name: {key: settings[name][key] for key in own} for name, own in within.items()}


def contains(within: Space, settings: Settings) -> bool:
    """Return whether the settings are in the space: one of its values for each, and no others."""
    names = {name: set(own) for name, own in settings.items()}
    return names == {name: set(own) for name, own in within.items()} and all(
        settings[name][key] in values for name, own in within.items() for key, values in own.items()
    )


def draws(cell: Cell, within: Space) -> Iterator[Choice]:
    """Yield every candidate once: the published settings, then those that differ from them least.

    A few tries of all combinations would hardly tell what one setting does: so first one setting
    differs, by turns of what is added to the base and of the base's own, then two, and so on, in
    random order. It depends on the cell's strategies, their published settings and the space alone:
    tasks of a domain try the same in the same order, and a larger budget continues where a smaller
    one ended.
    """
    published = searched(cell.settings(), within)
    digest = hashlib.sha256(str(cell.strategy).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    axes = [(name, key) for name, own in within.items() for key in own]
    every: list[Choice] = []
    for values in product(*(within[name][key] for name, key in axes)):
        every.append({name: {} for name in within})
        for (name, key), value in zip(axes, values, strict=True):
            every[-1][name][key] = value
    others = [every[place] for place in generator.permutation(len(every))]

    def changed(settings: Choice) -> list[str]:
        return [name for name, key in axes if settings[name][key] != published[name][key]]

    base = {*Cell(cell.task, cell.base).strategies}
    singles = [settings for settings in others if len(changed(settings)) == 1]
    added = [settings for settings in singles if changed(settings)[0] not in base]
    based = [settings for settings in singles if changed(settings)[0] in base]
    yield published
    yield from filter(None, chain.from_iterable(zip_longest(added, based)))
    yield from sorted((s for s in others if len(changed(s)) > 1), key=lambda s: len(changed(s)))


def value_counts(within: Space) -> Indices:
    """Return "strategy.setting" -> the number of its values, for every searched setting."""
    return {f"{name}.{key}": len(own[key]) for name, own in within.items() for key in own}


def choice_at(within: Space, indices: Indices) -> Choice:
    """Return the settings whose values have these indices in the space."""
    return {
        name: {key: values[indices[f"{name}.{key}"]] for key, values in own.items()}
        for name, own in within.items()
    }


def indices_of(within: Space, choice: Choice) -> Indices:
    """Return the indices of a candidate's values. Raises `ValueError` if one is unknown."""
    return {
        f"{name}.{key}": values.index(choice[name][key])
        for name, own in within.items()
        for key, values in own.items()
    }


def choice_text(choice: Choice) -> str:
    """Format settings as "gamma 10", with the strategies' names if there are several."""
    many = len(choice) > 1
    return ", ".join(
        f"{name}.{key}" * many + key * (not many) + f" {_value_text(value)}"
        for name, own in sorted(choice.items())
        for key, value in sorted(own.items())
    )


def _value_text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
