"""The interval and the test of a probability of improvement, in closed form.

The *placement* of a run is the share of the other arm's runs that it beats (ties count one half).
DeLong et al. (1988) estimate the variance of the probability of improvement from the variances of
both arms' placements. Here three things are added, each for a reason that simulations show
(`tests/report/test_coverage.py`):

- Runs of one seed are correlated. Pairs of one seed are left out, and what a shared seed adds to
  both placements enters as one term, so that its covariance is counted (Arvesen, 1969). Of k shared
  seeds it may take away all but 1 / k of the variance.
- Near 0 and 1 a symmetric interval is too short. The limits are those of Wilson (1927) with
  N = value (1 - value) / variance effective runs, and a quantile of Student's t with twice the
  degrees of freedom of Satterthwaite (1946), which are those of normal numbers: placements are
  bounded, and the variance of uniform ones, as without an effect, is 2.5 times as well known.
- Where all pairs end alike, the estimated variance is 0 however few the runs are. Below about one
  run's worth of pairs that end otherwise the variance has a floor: the rule of three (Hanley and
  Lippman-Hand, 1983), 3 of k + 2 runs of the smaller arm, shared by the tasks of a mean.

Shapes: n runs with the strategy, m runs of the base.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RULE_OF_THREE = 3.0
"""So many of k + 2 runs may have failed, at the level of the intervals, if none of k has."""
BOUNDED = 2.0
"""How many times the degrees of freedom of normal numbers the variance of placements has."""


@dataclass(frozen=True)
class Placements:
    """One task's probability of improvement and what is known of its variance."""

    value: float
    treated: float  # what one run with the strategy contributes to the variance: times 1 / n
    base: float  # the same of a run of the base
    parts: tuple[tuple[float, int], ...]  # terms of the variance with their degrees of freedom
    runs: int  # of the smaller arm
    least: float  # the inverse of the fewest effective runs, 1 / n + 1 / m
    alike: float  # the largest share of pairs that end alike
    jump: float  # how far a pair that ends otherwise moves the value
    exact: bool = False  # the arms are one and the same, so that there is no variance

    @property
    def variance(self) -> float:
        """The variance of the value, without a floor."""
        return math.fsum(part for part, _ in self.parts)

    def floor(self, tasks: int) -> float:
        """The least variance in a mean over so many tasks."""
        if self.exact:
            return 0.0
        unseen = RULE_OF_THREE / tasks / (self.runs + 2)
        share = unseen * max(0.0, 1.0 - (1.0 - self.alike) * self.runs)
        return self.jump**2 * share * (1.0 - share) / self.runs


def placements(won: Floats, shared: tuple[Integers, Integers]) -> Placements:
    """From who beats whom [n, m], 1, 1/2 or 0, and the positions of shared seeds in both arms.

    Pairs of one seed are left out, if there are others. Too few runs have an infinite variance.
    """
    n, m = won.shape
    own, others = shared
    counted = np.ones((n, m))
    counted[own, others] = 0.0
    if not counted.any():  # one seed, the same in both arms: all there is
        counted[:] = 1.0
    value = float((won * counted).sum() / counted.sum())
    ends = [float(((won == end) * counted).sum() / counted.sum()) for end in (1.0, 0.5, 0.0)]
    alike = max(ends)
    jump = 0.5 if alike == ends[1] else 1.0
    least = 1.0 / n + 1.0 / m
    if min(n, m) < 2 or (len(own) and (n - 1) * (m - 1) < 2):
        nothing = ((math.inf, 1),)
        return Placements(value, math.inf, math.inf, nothing, min(n, m), least, alike, jump)
    rows = (won * counted).sum(axis=1) / counted.sum(axis=1) - value
    columns = (won * counted).sum(axis=0) / counted.sum(axis=0) - value
    # A run without its pair of the same seed: solve for what the two runs contribute by themselves.
    left, right = rows[own], columns[others]
    whole = 1.0 - 1.0 / max(1, (n - 1) * (m - 1))
    rows[own], columns[others] = (
        (left + right / (m - 1)) / whole,
        (right + left / (n - 1)) / whole,
    )
    treated = float((rows**2).sum()) / (n - 1)
    base = float((columns**2).sum()) / (m - 1)
    both = len(own) if len(own) > 1 else 0
    parts = [((n - both) * treated / n**2, n - 1), ((m - both) * base / m**2, m - 1)]
    if both:
        together = rows[own] / n + columns[others] / m
        shared_part = both * float((together**2).sum()) / (both - 1)
        # Few seeds do not show that nearly all of the variance is shared.
        apart = treated / n**2 + base / m**2
        parts.append((max(shared_part, apart), both - 1))
    return Placements(value, treated, base, tuple(parts), min(n, m), least, alike, jump)


@dataclass(frozen=True)
class Score:
    """A mean over tasks: (value - truth)^2 / (truth (1 - truth) / N + excess) is a squared t."""

    value: float
    inverse: float  # 1 / N, the inverse of the effective number of runs
    excess: float  # of the variance, beyond that of N runs
    freedom: float  # degrees of freedom

    @classmethod
    def of(cls, found: Sequence[Placements]) -> Score:
        """Of the mean of tasks, which are independent of each other."""
        tasks = len(found)
        value = math.fsum(each.value for each in found) / tasks
        raw = math.fsum(each.variance for each in found) / tasks**2
        if not math.isfinite(raw):
            return cls(value, math.inf, math.inf, 1.0)
        floors = [max(0.0, each.floor(tasks) - each.variance) for each in found]
        variance = raw + math.fsum(floors) / tasks**2
        terms = [part for each in found for part in each.parts]
        terms += [(gap, max(1, each.runs - 1)) for gap, each in zip(floors, found, strict=True)]
        spread = math.fsum((part / tasks**2) ** 2 / freedom for part, freedom in terms)
        binomial = value * (1.0 - value)
        most = math.fsum(each.least for each in found) / tasks**2
        inverse = min(raw / binomial, most) if binomial > 0.0 else 0.0
        freedom = BOUNDED * variance**2 / spread if spread > 0.0 else BOUNDED
        return cls(value, inverse, max(0.0, variance - inverse * binomial), freedom)

    def limits(self, level: float) -> tuple[float, float]:
        """The central interval of the mean."""
        if not math.isfinite(self.inverse):
            return 0.0, 1.0
        square = float(distributions.t.ppf((1.0 + level) / 2.0, self.freedom)) ** 2
        added = square * self.inverse
        middle = self.value + added / 2.0
        root = middle**2 - (1.0 + added) * (self.value**2 - square * self.excess)
        half = math.sqrt(max(0.0, root))
        low, high = ((middle + sign * half) / (1.0 + added) for sign in (-1.0, 1.0))
        return min(self.value, max(0.0, low)), max(self.value, min(1.0, high))

    @property
    def p(self) -> float:
        """Two-sided, of no effect: the level at which 1/2 becomes a limit."""
        if not math.isfinite(self.inverse):
            return 1.0
        variance = self.inverse / 4.0 + self.excess
        distance = abs(self.value - 0.5)
        if distance == 0.0 or variance == 0.0:
            return 1.0 if distance == 0.0 else 0.0
        return float(2.0 * distributions.t.sf(distance / math.sqrt(variance), self.freedom))
