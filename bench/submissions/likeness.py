"""Pairs of runs with the same numbers, or nearly: a search over all seeds of a task.

Training amplifies rounding, so that two runs share no number of seven digits but by chance. In 165
records of this project two seeds of a GAN task have at most 3 % of such numbers in common, and the
nearest curves of two seeds of a GAN or an RL task differ by 3.8 % in some loss or gradient, the
nearest last windows by 1.1 %. The order of evaluations does not count.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bench.records.outcomes import FULL_SEEDS
from bench.records.record import SeedResult
from bench.records.store import Found

SHARED = 0.25
"""Two runs with this share of their numbers in common are not independent."""
NEAR, NEAR_AT_THE_END = 0.01, 0.001
"""Relative differences below which all losses and gradients agree: of all evaluations but the
first, and of the last window, which further seeds keep alone."""
MOSTLY, NEARER = 0.75, 0.001
"""The share of losses and gradients that agree better than that, whatever the others do."""

MOST_DIGITS_BY_CHANCE = 4
"""Numbers of so few digits may be the same by chance: counts, shares of few samples."""
CROWD = 30
"""Of more runs with a number in common each is held against the first one alone."""
NEAREST = 6
"""So many neighbours of a run are looked at, itself among them."""
NOTHING = 1e-30


@dataclass(frozen=True, eq=False)
class Run:
    """One seed of a record."""

    item: Found
    result: SeedResult
    own: bool  # whether it is checked, or merged already

    @property
    def where(self) -> tuple[str, str]:
        """Its task and cell."""
        return self.item.record.task, self.item.record.cell

    @cached_property
    def whole(self) -> tuple[object, ...]:
        """All its numbers, with step 0."""
        return tuple((p.step, *sorted(p.metrics.items())) for p in self.result.curve)


Pair = tuple[Run, Run]


def equal(runs: Sequence[Run]) -> Iterator[Pair]:
    """Pairs with the same numbers throughout."""
    groups: dict[object, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.whole].append(run)
    for group in groups.values():
        yield from _pairs(group)


def sharing(runs: Sequence[Run], metrics: Sequence[str]) -> Iterator[Pair]:
    """Pairs with a quarter of their numbers in common, of these metrics after step 0."""
    holders: dict[tuple[str, float], list[int]] = defaultdict(list)
    sizes = []
    for index, run in enumerate(runs):
        own = _telling(run, metrics)
        sizes.append(len(own))
        for number in own:
            holders[number].append(index)
    common: Counter[tuple[int, int]] = Counter()
    for indices in holders.values():
        if len(indices) > CROWD:
            common.update((indices[0], other) for other in indices[1:])
        elif len(indices) > 1:
            common.update((i, j) for n, j in enumerate(indices) for i in indices[:n])
    for (i, j), count in sorted(common.items()):
        if count >= max(3, SHARED * min(sizes[i], sizes[j])) and (runs[i].own or runs[j].own):
            yield runs[i], runs[j]


def _telling(run: Run, metrics: Sequence[str]) -> set[tuple[str, float]]:
    """The numbers of a run that are hardly another one's by chance."""
    return {
        (name, value)
        for point in run.result.curve[1:]
        for name in metrics
        if (value := point.metrics.get(name)) is not None and _digits(value) > MOST_DIGITS_BY_CHANCE
    }


def _digits(value: float) -> int:
    """How many digits a number has, without zeros in front and behind."""
    return len(f"{abs(value):.6e}".partition("e")[0].replace(".", "").rstrip("0"))


def near(runs: Sequence[Run], metrics: Sequence[str], window: int) -> Iterator[Pair]:
    """Pairs whose losses and gradients, `metrics`, all differ by little, and some do."""
    full = [run for run in runs if run.result.seed < FULL_SEEDS]
    for chosen, start, close in ((full, 1, NEAR), (runs, -window, NEAR_AT_THE_END)):
        for those, values in _tables(chosen, metrics, start):
            # Where a run rests its numbers are no longer its own.
            moving = np.flatnonzero((np.abs(values) > NOTHING).all(axis=1))
            yield from _close([those[int(i)] for i in moving], values[moving], close)
    for those, values in _tables(full, metrics, 1):
        yield from _mostly(those, values)


def _tables(
    runs: Sequence[Run], metrics: Sequence[str], start: int
) -> Iterator[tuple[list[Run], NDArray[np.float64]]]:
    """Runs of as many evaluations each, with the numbers from `start` on, sorted by metric."""
    lengths: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        lengths[len(run.result.curve)].append(run)
    for those in lengths.values():
        rows: dict[tuple[float, ...], Run] = {}  # of equal ones, which `sharing` finds, the first
        for run in those:
            row: list[float] = []
            for metric in metrics:
                found = [point.metrics.get(metric) for point in run.result.curve[start:]]
                row += sorted(0.0 if value is None else value for value in found)
            rows.setdefault(tuple(row), run)
        if len(rows) > 1 and metrics:
            yield [*rows.values()], np.array([*rows])


def _close(runs: Sequence[Run], values: NDArray[np.float64], close: float) -> Iterator[Pair]:
    """Each run that is checked with its nearest ones."""
    if len(runs) < 2:
        return
    sizes = np.log(np.abs(values))
    own = [index for index, run in enumerate(runs) if run.own]
    count = min(NEAREST, len(runs))
    _, nearest = cKDTree(sizes).query(
        sizes[own], k=count, p=math.inf, distance_upper_bound=math.log1p(close)
    )
    for i, others in zip(own, nearest.tolist(), strict=True):
        for j in others:
            if j in {i, len(runs)}:  # itself, or nobody
                continue
            same_signs = (np.sign(values[i]) == np.sign(values[j])).all()
            if same_signs and (values[i] != values[j]).any():
                yield runs[j], runs[i]


def _mostly(runs: Sequence[Run], values: NDArray[np.float64]) -> Iterator[Pair]:
    there = np.abs(values) > NOTHING
    sizes = np.log(np.maximum(np.abs(values), NOTHING)) + 1e3 * np.sign(values)
    for j in (index for index, run in enumerate(runs) if run.own):
        both = there & there[j]
        close = (both & (np.abs(sizes - sizes[j]) < NEARER)).sum(axis=1)
        enough = (both.sum(axis=1) * 2 >= values.shape[1]) & (close >= MOSTLY * both.sum(axis=1))
        for i in map(int, np.flatnonzero(enough)):
            if (i < j or not runs[i].own) and i != j and (values[i] != values[j]).any():
                yield runs[i], runs[j]


def _pairs(group: Sequence[Run]) -> Iterator[Pair]:
    """Each run of a group with the others, or in a crowd with the first one."""
    for index, run in enumerate(group):
        for other in group[: index if len(group) <= CROWD else min(1, index)]:
            if run.own or other.own:
                yield other, run
