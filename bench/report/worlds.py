"""Simulated worlds whose truth is known, to hold the statistics against and to plan studies with.

A run's utility is normal, unless the run fails. Spreads and the correlations of runs that share a
seed cover those of the committed records: half of all pairs of cells differ in spread by more than
a factor of 3, correlations are 0.1 on average and up to 0.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as distributions

from bench.records.rank_tests import Floats
from bench.report import stats

NO_DRAWS = stats.Bootstrap(times=1)
"""Nothing here resamples."""


@dataclass(frozen=True)
class World:
    """A strategy in one domain; unlike tasks have unlike shifts."""

    shifts: tuple[float, ...]  # of its mean on every task, in standard deviations of the base
    spread: float = 1.0  # its standard deviation, as a multiple of the base's
    correlation: float = 0.0  # with the base's run of the same seed
    fails: float = 0.0  # the share of its runs that fail
    base_fails: float = 0.0  # the same of the base

    @property
    def truths(self) -> Floats:
        """The probability of improvement on every task."""
        won = distributions.norm.cdf(np.array(self.shifts) / np.hypot(1.0, self.spread))
        ends, base_ends = 1.0 - self.fails, 1.0 - self.base_fails
        both_fail = self.fails * self.base_fails
        return np.asarray(ends * base_ends * won + ends * self.base_fails + both_fail / 2.0)

    @property
    def truth(self) -> float:
        """Its mean over tasks."""
        return float(self.truths.mean())

    def base(self, rng: np.random.Generator, runs: int) -> Floats:
        """Utilities of a base: [tasks, runs]."""
        drawn = rng.normal(size=(len(self.shifts), runs))
        return np.where(rng.random(drawn.shape) < self.base_fails, -np.inf, drawn)

    def strategy(self, rng: np.random.Generator, runs: int, base: Floats) -> Floats:
        """Utilities of the strategy beside this base, whose first runs share its seeds."""
        drawn = rng.normal(size=(len(self.shifts), runs))
        if self.correlation:
            shared = min(runs, base.shape[1])
            own = np.sqrt(1.0 - self.correlation**2) * drawn[:, :shared]
            drawn[:, :shared] = own + self.correlation * np.maximum(base[:, :shared], -3.0)
        moved = np.array(self.shifts)[:, None] + self.spread * drawn
        return np.where(rng.random(drawn.shape) < self.fails, -np.inf, moved)


def shift_of(truth: float) -> float:
    """The shift of equally spread normal runs that are better with this probability."""
    return float(np.sqrt(2.0) * distributions.norm.ppf(truth))


def comparisons(treated: Floats, base: Floats) -> list[stats.Comparison]:
    """The comparison on every task, of utilities [tasks, n] and [tasks, m] with seeds from 0 on."""
    arms = [
        [stats.Arm(tuple(range(rows.shape[1])), row) for row in rows] for rows in (treated, base)
    ]
    return [
        stats.compare(f"task {number}", own, other, NO_DRAWS)
        for number, (own, other) in enumerate(zip(*arms, strict=True))
    ]


def effects(
    world: World, rng: np.random.Generator, sizes: tuple[int, int], times: int
) -> Sequence[stats.Effect]:
    """So many measured effects with n and m runs, each with a base of its own."""
    found = []
    for _ in range(times):
        base = world.base(rng, sizes[1])
        found.append(stats.effect(comparisons(world.strategy(rng, sizes[0], base), base)))
    return found
