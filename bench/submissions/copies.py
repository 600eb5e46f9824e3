"""Curves that are not a run's own: those of another seed, another cell, another submission.

Training amplifies rounding, so that two runs never have the same losses and gradients, nor nearly
the same. In 165 records of this project the nearest curves of two seeds of a GAN or an RL task
differ by 3.8 % in some number, and the nearest last windows by 1.1 %. Order does not count: curves
whose evaluations were exchanged are found too. Where a game has an answer in closed form, two
strategies may rightly do the same, so that only the same curve in two seeds is refused there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import diagnostics
from bench.records.acts import may_rest
from bench.records.outcomes import FULL_SEEDS
from bench.records.record import SeedResult
from bench.records.store import Found
from bench.submissions.problem import Problem

NEAR, NEAR_AT_THE_END = 0.01, 0.001
"""Relative differences below which two runs are copies: in all losses and gradients of all
evaluations but the first, and in those of the last window, which further seeds keep alone."""

TRAINED = ("gan", "rl")
"""The domains whose runs are no closed form."""

NO_LOGARITHM = 1e-30


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


class Copy(NamedTuple):
    """A run whose numbers are another one's."""

    run: Run
    other: Run
    exact: bool


def problems(own: Sequence[Found], merged: Sequence[Found]) -> list[Problem]:
    """Problems of records in `own` with curves of each other, or of `merged` ones."""
    runs = [
        Run(item, result, mine)
        for items, mine in ((own, True), (merged, False))
        for item in items
        for result in item.record.seeds
        if result.status != "diverged"
    ]
    tasks: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        tasks[run.item.record.task].append(run)
    found: dict[tuple[str, str, bool], list[int]] = {}
    for name, those in tasks.items():
        if any(run.own for run in those):
            for copy in _copies(name, those):
                late, early = _blamed(copy)
                key = (str(late.item.path), str(early.item.path), copy.exact)
                found.setdefault(key, []).append(late.result.seed)
    return [_problem(*key, sorted(set(seeds))) for key, seeds in found.items()]


def _problem(file: str, other: str, exact: bool, seeds: list[int]) -> Problem:
    many = len(seeds) > 1
    listed = f"seed{'s' * many} {', '.join(map(str, seeds[:10]))}"
    how = f"{'have' if many else 'has'} {'' if exact else 'nearly '}the curve{'s' * many}"
    source = "another seed" if other == file else other
    return Problem(file, "copy", f"{listed} {how} of {source}")


def _blamed(copy: Copy) -> tuple[Run, Run]:
    """The copy and its source: the copy is what is checked, and of two cells not the base."""

    def rank(run: Run) -> tuple[bool, bool, str, int]:
        added = run.item.record.strategy is not None
        return run.own, added, str(run.item.path), run.result.seed

    early, late = sorted((copy.run, copy.other), key=rank)
    return late, early


def _copies(name: str, runs: list[Run]) -> Iterator[Copy]:
    task = registry.task(name)
    metrics = sorted(metric.name for metric in diagnostics(task))
    trained = task.domain in TRAINED
    for group in _equal(runs, metrics, trained):
        yield from (Copy(*pair, exact=True) for pair in _pairs(group) if _refused(*pair, trained))
    if not trained:
        return
    full = [run for run in runs if run.result.seed < FULL_SEEDS and _moves(run, metrics, 1)]
    last = [run for run in runs if _moves(run, metrics, -task.window)]
    for chosen, start, near in ((full, 1, NEAR), (last, -task.window, NEAR_AT_THE_END)):
        for pair in _near(chosen, metrics, start, near):
            if _refused(*pair, trained):
                yield Copy(*pair, exact=False)


def _pairs(group: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    """Each run with the first one of its group that it must not equal; the first may be merged."""
    for index, run in enumerate(group):
        for other in group[:index]:
            if run.own or other.own:
                yield run, other


def _refused(run: Run, other: Run, trained: bool) -> bool:
    """Whether two runs cannot rightly have the same numbers."""
    if run.result.seed != other.result.seed:
        return True
    if run.where == other.where:
        # An honest run on the same machine has the same numbers, but takes another time.
        timed = run.item.record.seconds == other.item.record.seconds
        return timed or (trained and _elsewhere(run.item, other.item))
    return trained and not _may_equal(run.item.record.origin, other.item.record.origin)


def _elsewhere(one: Found, other: Found) -> bool:
    """Whether two records were made in ways by which numbers part: libraries, instructions."""
    first, second = one.record.provenance, other.record.provenance
    return (first.capability, first.compiled, first.device, first.versions.get("torch")) != (
        second.capability,
        second.compiled,
        second.device,
        second.versions.get("torch"),
    )


@cache
def _may_equal(one: Cell, other: Cell) -> bool:
    """Whether all by which two cells differ may change nothing, or not the training at least."""
    try:
        return all(
            may_rest(name, one)
            or may_rest(name, other)
            or registry.strategy(name).build(registry.task(one.task)).policy is not None
            for name in {*one.strategies} ^ {*other.strategies}
        )
    except ValueError:  # a merged cell of code that is gone
        return True


def _equal(runs: Iterable[Run], metrics: list[str], trained: bool) -> Iterator[list[Run]]:
    """Groups of runs that have one loss or gradient in common, or in closed form all numbers."""
    groups: dict[tuple[object, ...], list[Run]] = defaultdict(list)
    for run in runs:
        for key in set(_keys(run.result, metrics, trained)):
            groups[key].append(run)
    seen: set[tuple[int, ...]] = set()
    for group in groups.values():
        ids = tuple(map(id, group))
        if len(group) > 1 and ids not in seen:
            seen.add(ids)
            yield group


def _keys(result: SeedResult, metrics: list[str], trained: bool) -> Iterator[tuple[object, ...]]:
    """What no two runs have in common, in any order of evaluations."""
    if not trained:
        yield tuple((p.step, *sorted(p.metrics.items())) for p in result.curve)
        return
    for metric in metrics:
        values = [p.metrics[metric] for p in result.curve[1:] if p.metrics.get(metric) is not None]
        if len(set(values)) >= min(3, len(result.curve) - 1) and len(set(values)) > 1:
            yield metric, *sorted(value for value in values if value is not None)


def _numbers(run: Run, metrics: list[str], start: int) -> list[float]:
    """All losses and gradients of the evaluations from `start` on, those of each sorted."""
    numbers: list[float] = []
    for metric in metrics:
        found = [point.metrics.get(metric) for point in run.result.curve[start:]]
        numbers += sorted(0.0 if value is None else value for value in found)
    return numbers


def _moves(run: Run, metrics: list[str], start: int) -> bool:
    """Whether a run still learns: where it rests, its numbers are no longer its own."""
    values = np.array(_numbers(run, metrics, start))
    return bool((np.abs(values) > NO_LOGARITHM).all())


def _near(
    runs: list[Run], metrics: list[str], start: int, near: float
) -> Iterator[tuple[Run, Run]]:
    """Pairs of runs whose numbers all differ by less than `near`, and one of them by something."""
    lengths: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        lengths[len(run.result.curve)].append(run)
    for those in lengths.values():
        values = np.array([_numbers(run, metrics, start) for run in those])
        if len(those) < 2 or values.shape[1] == 0:
            continue
        sizes: NDArray[np.float64] = np.log(np.maximum(np.abs(values), NO_LOGARITHM))
        for i, j in sorted(cKDTree(sizes).query_pairs(math.log1p(near), p=math.inf)):
            same_signs = (np.sign(values[i]) == np.sign(values[j])).all()
            if same_signs and (values[i] != values[j]).any() and (those[i].own or those[j].own):
                yield those[i], those[j]
