"""Pairs: what strategies do together, against what each of them does alone.

A combination is a set of strategies on a base. Its arms are the base without them, with each alone,
and with all; a task counts where all arms were made by one submission, on one kind of processor by
one code path, and where none of the strategies is inert. Two questions are asked of it, each on the
probability of improvement, so that no answer depends on the unit of a score:

- *Against the better one*: does it beat each single strategy? The better one is that against which
  it does worst. Choosing it by its own effect would favour whichever was lucky; here nothing is
  chosen, because "better than each" is an intersection-union test, whose p is the largest of all
  (Berger, 1982), and "worse than some" takes the smallest p times their number.
- *Against the sum*: the interaction z(all) - sum of z(each), where z is the inverse of the normal
  distribution function at P(better than the base). With normal scores of equal spread z is the
  shift over sqrt(2) standard deviations, and shifts that add up give 0.

P = 0 and 1 have no z: with n and m runs P moves in steps of 1 / (2 n m), and is kept half a step
away from both ends. So z is bounded, and a sum beyond the bound could not be seen: there the
interaction lies anywhere between that against the sum and that against the bound, and the interval
covers both. Without this two strong strategies that add up look antagonistic. Intervals are normal,
with the standard deviation of the joint bootstrap times sqrt(n / (n - 1)); percentiles are too
narrow here. Means are over the tasks of a domain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import norm

from bench.experiment.changes import CROSS
from bench.experiment.grid import load_grid
from bench.experiment.kits import KITS
from bench.records.rank_tests import Floats
from bench.report import stats, verdicts
from bench.report.arms import ground, members
from bench.report.cells import CellResult, TaskView, comparisons, inert_reason
from bench.report.findings import DOMAINS, Study
from bench.report.looks import LOOKS

Members = frozenset[str]
Word = Literal["synergy", "antagonism", "additive", "undetermined"]

MARGIN = float(norm.ppf(0.5 + verdicts.EPS))
"""Interactions within +- this are equivalent to none: that of an effect of 0.5 + EPS beside 0.5."""


@dataclass(frozen=True)
class Trial:
    """A combination on one task: each comparison is of one endpoint, the final score."""

    view: TaskView
    whole: stats.Comparison  # all together against the base without them
    singles: tuple[stats.Comparison, ...]  # each alone against the same
    beside: tuple[stats.Comparison, ...]  # all together against each alone


@dataclass(frozen=True)
class Interaction:
    """z(all) - sum of z(each): `value`, its interval, and a two-sided p from the same normal."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Combined:
    """A combination in one domain, or on one of its tasks."""

    base: str
    domain: str
    parts: tuple[str, ...]
    trials: tuple[Trial, ...]
    beside: tuple[stats.Effect, ...]  # all together against each alone
    interaction: Interaction

    @property
    def better(self) -> int:
        """Which part is the better one: that against which the combination does worst."""
        return min(range(len(self.parts)), key=lambda i: (self.beside[i].value, self.parts[i]))

    @property
    def runs(self) -> int:
        """The fewest seeds of any arm."""
        return min(effect.runs for effect in self.beside)

    @property
    def p_beside(self) -> float:
        """p of "better than each", or, if it is below 0.5 against some, of "worse than some"."""
        below = [effect.p for effect in self.beside if effect.value < 0.5]
        if below:
            return min(1.0, len(self.beside) * min(below))
        return max(effect.p for effect in self.beside)

    @property
    def p(self) -> float:
        """p of the word: a synergy is more than the sum and better than each; 1 if it is not."""
        if self.interaction.value <= 0.0:
            return self.interaction.p
        each = min(effect.value for effect in self.beside) > 0.5
        return max(self.interaction.p, self.p_beside) if each else 1.0

    def word(self, adjusted_p: float) -> Word:
        """In a word, by the adjusted p; undetermined below the seeds that a claim needs.

        At a third of 5 %, so that one may look at 10, 20 and 40 seeds.
        """
        found = self.interaction
        if self.runs < verdicts.CLAIM_SEEDS:
            return "undetermined"
        if found.low >= -MARGIN and found.high <= MARGIN:
            return "additive"
        if adjusted_p <= (1.0 - stats.LEVEL) / len(LOOKS) + 1e-12:
            if found.high < 0.0:
                return "antagonism"
            if found.low > 0.0 and min(effect.low for effect in self.beside) > 0.5:
                return "synergy"
        return "undetermined"


def combinations(study: Study, base: str) -> list[Combined]:
    """All combinations of a base by domain that have every arm on a task; the sets are sorted."""
    sets = {*declared()}
    views = [view for view in study.tasks if view.domain in DOMAINS]
    known = {view.name: cells_of(view, base) for view in views}
    for found in known.values():
        sets |= {m - ground(c.record) for m, c in found.items() if c.record.contrast == "added"}
    made = []
    for parts in sorted((tuple(sorted(p)) for p in sets if len(p) > 1), key=lambda p: (len(p), p)):
        for domain in DOMAINS:
            inside = [view for view in views if view.domain == domain]
            trials = [_trial(view, known[view.name], parts, study.boot) for view in inside]
            kept = [trial for trial in trials if trial is not None]
            if kept:
                made.append(combined(base, domain, parts, kept))
    return made


def declared() -> Iterator[Members]:
    """The combinations of the grid `pairs`: of every "a*b*c" all subsets of two and more."""
    for name in load_grid("pairs").strategies:
        crossed = name.split(CROSS)
        for bits in range(2 ** len(crossed)):
            chosen = frozenset(part for i, part in enumerate(crossed) if bits >> i & 1)
            if len(chosen) > 1:
                yield chosen


def cells_of(view: TaskView, base: str) -> dict[Members, CellResult]:
    """A task's plain cells with published settings, and the base itself, by their members.

    Where a learner has two names, the shorter one.
    """
    cells = [
        cell
        for key, cell in view.plain.items()
        if key.base == base and cell.record.settings_from == "published"
    ]
    cells.sort(key=lambda cell: (-len(cell.record.cell), cell.record.cell))
    return {members(cell.record): cell for cell in cells}


def arm(
    view: TaskView, known: dict[Members, CellResult], wanted: Members, whole: CellResult
) -> CellResult | None:
    """The cell with these members that may be compared with a cell; None if there is none."""
    if wanted == ground(whole.record):
        return view.ground(whole)
    found = known.get(wanted)
    if found is None or not view.grounds.together(found.record, whole.record):
        return None
    return found


def acts(part: str, task: str) -> bool:
    """Whether a strategy, or a kit of one, can change anything on a task, as far as is known."""
    return not any(inert_reason(strategy, task) for strategy in KITS.get(part, (part,)))


def _trial(
    view: TaskView,
    known: dict[Members, CellResult],
    parts: tuple[str, ...],
    boot: stats.Bootstrap,
) -> Trial | None:
    """A combination on a task; None if an arm is missing or a part is inert."""
    first = next(iter(known.values()), None)
    if first is None or not all(acts(part, view.name) for part in parts):
        return None
    without = ground(first.record) - {*parts}
    whole = known.get(without | {*parts})
    if whole is None:
        return None
    start = arm(view, known, without, whole)
    alone = [arm(view, known, without | {part}, whole) for part in parts]
    if start is None or any(one is None for one in alone):
        return None
    singles = [one for one in alone if one is not None]
    return Trial(
        view,
        final(view, whole, start, boot),
        tuple(final(view, one, start, boot) for one in singles),
        tuple(final(view, whole, one, boot) for one in singles),
    )


def final(
    view: TaskView, treated: CellResult, base: CellResult, boot: stats.Bootstrap
) -> stats.Comparison:
    """One cell against another by the final score."""
    return comparisons(view.name, treated, base, boot)["final"]


def combined(base: str, domain: str, parts: tuple[str, ...], trials: Sequence[Trial]) -> Combined:
    """What at least one trial says, as means over their tasks."""
    beside = tuple(
        stats.effect([trial.beside[index] for trial in trials]) for index in range(len(parts))
    )
    return Combined(base, domain, parts, tuple(trials), beside, interaction(trials))


def interaction(trials: Sequence[Trial]) -> Interaction:
    """The mean interaction over tasks, with an interval that covers sums beyond the bound."""
    values = np.mean([_gaps(trial, samples=False) for trial in trials], axis=0)
    samples = np.mean([_gaps(trial, samples=True) for trial in trials], axis=0)
    n = min(c.runs for trial in trials for c in (trial.whole, *trial.singles))
    wider = math.sqrt(n / (n - 1)) if n > 1 else math.inf
    errors = [wider * float(s.std()) if s.std() > 0.0 else 0.0 for s in samples[1:]]
    value, low, high = (float(v[0]) for v in values)
    z = float(norm.ppf(0.5 + stats.LEVEL / 2.0))
    tails = [_tail(low, errors[0]), _tail(-high, errors[1])]
    return Interaction(value, low - z * errors[0], high + z * errors[1], min(1.0, 2.0 * min(tails)))


def _tail(distance: float, error: float) -> float:
    """The normal probability of a distance from 0, or a larger one, by chance."""
    if error == 0.0:
        return 0.0 if distance > 0.0 else 1.0
    return float(norm.sf(distance / error))


def _gaps(trial: Trial, *, samples: bool) -> Floats:
    """One task's interaction against the bounded sum, and the least and the most it can be: [3, R].

    R is 1, or the number of resamples.
    """
    whole = _z(trial.whole, samples=samples)
    total = np.sum([_z(one, samples=samples) for one in trial.singles], axis=0)
    bound = float(norm.ppf(1.0 - _half_step(trial.whole)))
    gaps = whole - np.clip(total, -bound, bound), whole - total
    return np.stack([gaps[0], np.minimum(*gaps), np.maximum(*gaps)])


def _z(found: stats.Comparison, *, samples: bool) -> Floats:
    """The normal quantiles of a probability of improvement, or of its resamples."""
    values = found.samples if samples else np.array([found.value])
    least = _half_step(found)
    return np.asarray(norm.ppf(np.clip(values, least, 1.0 - least)))


def _half_step(found: stats.Comparison) -> float:
    """Half of the smallest step of a probability of improvement: a tie in one of n m pairs."""
    return 1.0 / (4.0 * len(found.treated.seeds) * len(found.base.seeds))
