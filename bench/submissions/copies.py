"""Curves that are not a run's own: those of another seed, another cell, another submission.

Where a game has an answer in closed form, two strategies may rightly do the same, so that only the
same curve in two seeds is refused there. A run on a machine of the same kind gives the same numbers
as the merged one, in another time: that is no copy, and no more than the same evidence. So may one
on another kind, but for rounding in the scores: on processors of AMD and Intel all losses of four
tasks (of images and of corners100) are equal to the last bit, and scores differ by 5e-6 at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import Task, diagnostics
from bench.records.acts import may_rest
from bench.records.store import Found, unlike
from bench.submissions import likeness
from bench.submissions.canaries import TRAINED, changes_start
from bench.submissions.likeness import Pair, Run
from bench.submissions.problem import Problem

ROUNDING = 1e-2
"""Relative difference that rounding has not made where other numbers are still the same."""
SCORED = 1e-4
"""Relative difference that rounding alone makes in a score of the same samples, at most."""


class Copy(NamedTuple):
    """A run whose numbers are another one's."""

    run: Run
    other: Run
    how: str


def problems(
    own: Sequence[Found],
    merged: Sequence[Found],
    withdrawn: Callable[[Path], object] = lambda path: None,
) -> list[Problem]:
    """Problems of records in `own` with curves of each other, or of `merged` ones."""
    tasks: dict[str, list[Run]] = defaultdict(list)
    for items, mine in ((own, True), (merged, False)):
        for item in items:
            # Of custom numbers of updates, which no table shows, curves may not have parted yet.
            if item.record.updates is None:
                tasks[item.record.task] += [
                    Run(item, result, mine)
                    for result in item.record.seeds
                    if result.status != "diverged"
                ]
    found: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for name, runs in tasks.items():
        if any(run.own for run in runs):
            for copy in _copies(registry.task(name), runs, withdrawn):
                late, early = _blamed(copy)
                found[str(late.item.path), str(early.item.path), copy.how].add(late.result.seed)
    return [_problem(*key, sorted(seeds)) for key, seeds in found.items()]


def _problem(file: str, other: str, how: str, seeds: list[int]) -> Problem:
    many = len(seeds) > 1
    listed = f"seed{'s' * many} {', '.join(map(str, seeds[:10]))}"
    source = "another seed" if other == file else other
    text = f"{listed} {'have' if many else 'has'} {how.format(s='s' * many, source=source)}"
    return Problem(file, "copy", text)


def _blamed(copy: Copy) -> Pair:
    """The copy and its source: the copy is what is checked, and of two cells not the base."""

    def rank(run: Run) -> tuple[bool, bool, str, int]:
        added = run.item.record.strategy is not None
        return run.own, added, str(run.item.path), run.result.seed

    early, late = sorted((copy.run, copy.other), key=rank)
    return late, early


def _copies(task: Task, runs: list[Run], withdrawn: Callable[[Path], object]) -> Iterator[Copy]:
    losses = sorted(metric.name for metric in diagnostics(task))
    # In an environment a policy at its bounds may have the same scores in many runs.
    every = losses if task.environment is not None else [*losses, *(m.name for m in task.metrics)]
    for one, other in likeness.equal(runs):
        if _refused(one, other, task):
            yield Copy(one, other, "the curve{s} of {source}")
        else:
            yield from _sent_again(one, other, withdrawn)
    if task.domain not in TRAINED:
        return
    yield from _exchanged(runs)
    for one, other in likeness.sharing(runs, every):
        if one.whole == other.whole:
            continue
        if _scored_elsewhere(one, other):
            yield from _sent_again(one, other, withdrawn)
        elif _refused(one, other, task) and not _parted(one, other):
            yield Copy(one, other, "the numbers of {source}")
        elif _same_run(one, other) and not _parted(one, other):
            yield Copy(one, other, "other numbers than {source} among the same ones")
    for one, other in likeness.near(runs, losses, task.window):
        if _refused(one, other, task) and not (_of_base(one, other) and _parted(one, other)):
            yield Copy(one, other, "nearly the curve{s} of {source}")


def _sent_again(one: Run, other: Run, withdrawn: Callable[[Path], object]) -> Iterator[Copy]:
    """What may rightly be equal, but took the same time or is withdrawn."""
    if _timed_alike(one, other):
        yield Copy(one, other, "the curve{s} of {source}")
    elif one.where == other.where and (withdrawn(one.item.path) or withdrawn(other.item.path)):
        yield Copy(one, other, "the curve{s} of {source}, which is withdrawn")


def _exchanged(runs: Sequence[Run]) -> Iterator[Copy]:
    """Seeds that are others than in a record of the same cell whose other seeds are the same.

    On another machine all seeds part, or none.
    """
    cells: dict[tuple[str, str], dict[Path, dict[int, Run]]] = {}
    for run in runs:
        of_cell = cells.setdefault(run.where, {})
        of_cell.setdefault(run.item.path, {})[run.result.seed] = run
    for records in cells.values():
        for mine in (record for record in records.values() if next(iter(record.values())).own):
            for record in records.values():
                pairs = [(mine[seed], record[seed]) for seed in mine.keys() & record.keys()]
                odd = [pair for pair in pairs if _unequal(*pair) and not _scored_elsewhere(*pair)]
                if record is not mine and 2 * len(odd) <= len(pairs):
                    yield from (
                        Copy(*pair, "another curve than in {source}, whose other seeds it has")
                        for pair in odd
                        if not _parted(*pair)
                    )


def _refused(one: Run, other: Run, task: Task) -> bool:
    """Whether two runs cannot rightly have the same numbers."""
    if one.result.seed != other.result.seed:
        both = (one.item.record.origin, other.item.record.origin)
        # In a game a strategy may start all seeds at one place.
        return task.domain in TRAINED or not any(map(changes_start, both))
    if one.where == other.where or task.domain not in TRAINED:
        return False
    return not _may_equal(one.item.record.origin, other.item.record.origin)


def _same_run(one: Run, other: Run) -> bool:
    return (one.where, one.result.seed) == (other.where, other.result.seed)


def _unequal(one: Run, other: Run) -> list[tuple[float, float]]:
    """The numbers that two runs both have and that differ; all that one has in other evaluations.

    Which numbers further seeds keep depends on the version of the suite.
    """
    mine, others = ({p.step: p.metrics for p in run.result.curve} for run in (one, other))
    apart = [(1.0, 0.0)] * len(mine.keys() ^ others.keys())
    for step in mine.keys() & others.keys():
        left, right = mine[step], others[step]
        for name in left.keys() & right.keys():
            a, b = left[name], right[name]
            if a != b:
                apart.append((a, b) if a is not None and b is not None else (1.0, 0.0))
    return apart


def _scored_elsewhere(one: Run, other: Run) -> bool:
    """Whether a run on another kind of machine differs by the rounding of its scores alone."""
    origins = (one.item.record.provenance, other.item.record.provenance)
    return (
        _same_run(one, other)
        and bool(unlike(*origins))
        and all(abs(a - b) <= SCORED * max(abs(a), abs(b)) for a, b in _unequal(one, other))
    )


def _timed_alike(one: Run, other: Run) -> bool:
    """Whether the same cell took the same time to the millisecond in two places: it is a copy."""
    both = (one.item.record, other.item.record)
    return _same_run(one, other) and both[0].seconds == both[1].seconds


@cache
def _may_equal(one: Cell, other: Cell) -> bool:
    """Whether all by which two cells differ may change nothing, or not the training at least."""
    try:
        return all(
            may_rest(name, one) or may_rest(name, other) or _looks_otherwise(name, one)
            for name in {*one.strategies} ^ {*other.strategies}
        )
    except ValueError:  # a merged cell of code that is gone
        return True


def _looks_otherwise(name: str, cell: Cell) -> bool:
    """Whether a strategy evaluates another actor than the one that is trained."""
    return registry.strategy(name).build(registry.task(cell.task)).policy is not None


def _of_base(one: Run, other: Run) -> bool:
    """Whether one of two runs trains as the base of both does."""
    cells = [run.item.record.origin for run in (one, other)]
    bases = {(cell.base, cell.play, cell.variant) for cell in cells}
    return len(bases) == 1 and any(_may_equal(cell, Cell(cell.task, cell.base)) for cell in cells)


def _parted(one: Run, other: Run) -> bool:
    """Whether two runs of a seed are the same up to an evaluation, and no more after it.

    So does a strategy that acts from then on, and so does rounding. No number is the same again
    later, and in an evaluation with some that are the others differ by rounding at most. Where one
    of them evaluates another actor this is asked of the training alone.
    """
    if one.result.seed != other.result.seed:
        return False
    trained = _trained(one.item.record.origin, other.item.record.origin)
    begun = apart = False
    for left, right in zip(one.result.curve[1:], other.result.curve[1:], strict=False):
        names = left.metrics.keys() & right.metrics.keys()
        pairs = [(left.metrics[name], right.metrics[name]) for name in names & (trained or names)]
        told = [(a, b) for a, b in pairs if a is not None and b is not None and not a.is_integer()]
        same = sum(a == b for a, b in told)
        begun = begun or (same > 0 and not apart)
        if same < len(told):
            far = any(abs(a - b) > ROUNDING * max(abs(a), abs(b)) for a, b in told if a != b)
            if same > 1 and far:
                return False
            apart = True
        elif apart and told:
            return False
    return begun and apart


@cache
def _trained(one: Cell, other: Cell) -> frozenset[str]:
    """The metrics of the training; none if two cells evaluate the actors that they train."""
    task = registry.task(one.task)
    try:
        apart = {*one.strategies} ^ {*other.strategies}
        looked = any(_looks_otherwise(name, one) for name in apart)
    except ValueError:  # a merged cell of code that is gone
        looked = False
    return frozenset(metric.name for metric in diagnostics(task)) if looked else frozenset()
