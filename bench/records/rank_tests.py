"""Exact rank tests of the probability of improvement, and p values adjusted for many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDING = 1e-9
"""By how much less than a tolerance a difference may be and still reach it."""

EXACT_SEEDS = 80
"""The rank test is exact up to this many runs of a task, and a normal approximation beyond."""
EXACT_GRID = 8000
"""The same limit for the number of distinct values one task's effect can have."""


class Sample(NamedTuple):
    """The utilities of two arms [n], [m] on one task; differences below `tie` do not count."""

    treated: Floats
    base: Floats
    tie: float = 0.0

    @property
    def won(self) -> Floats:
        """For all pairs of runs [n, m]: 1 if the treated one wins, 1/2 for a tie, 0 if it loses."""
        return np.asarray((1.0 + signs(self.treated[:, None], self.base, self.tie)) / 2.0)

    @property
    def ranks(self) -> Integers:
        """The doubled ranks of all runs [n + m] among all, treated ones first.

        N + 1, and what a run wins less what it loses against the other N - 1 runs. Without a
        tolerance these are twice the mid-ranks.
        """
        runs = np.concatenate([self.treated, self.base])
        return signs(runs[:, None], runs, self.tie).sum(axis=1) + len(runs) + 1


def signs(left: Floats, right: Floats, tie: float) -> Integers:
    """1 where the left one is better, 0 for a tie, -1 where it is worse; shapes are broadcast.

    A difference of exactly `tie` is no tie, also where rounding makes it a little smaller. Failed
    runs, -inf, tie with each other.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        difference = left - right
    counts = np.abs(difference) >= tie - ROUNDING
    return (np.sign(np.nan_to_num(difference)) * counts).astype(np.int64)


def rank_test(samples: Sequence[Sample]) -> float:
    """Two-sided p of the mean probability of improvement over tasks.

    The stratified Wilcoxon-Mann-Whitney permutation test: labels are exchanged within a task, and
    failures tie. The null distribution is computed exactly for each task, then convolved over
    tasks; large samples use its normal limit. Seeds shared by the arms make the test conservative.

    With h(i, j) = 1, 0, -1 if run i beats, ties with or loses to run j, the statistic of a task is
    the sum of h(i, j) over treated i and base j. Because h(j, i) = -h(i, j), pairs of two treated
    runs cancel: it is the sum over treated i of a(i), the sum of h(i, j) over all other runs j.
    These a(i) do not depend on the labels. So the test is one of a sum of fixed numbers, though
    ties within a tolerance are not transitive and define no ranking.
    """
    sizes = [2 * len(sample.treated) * len(sample.base) for sample in samples]
    grid = math.lcm(*sizes)
    if grid > EXACT_GRID or max(len(s.treated) + len(s.base) for s in samples) > EXACT_SEEDS:
        return _normal_test(samples)
    total = np.ones(1)
    observed = 0
    for sample, size in zip(samples, sizes, strict=True):
        spread = np.zeros(grid + 1)
        spread[:: grid // size] = _null(sample)
        total = np.convolve(total, spread)
        observed += round(2.0 * float(sample.won.sum())) * (grid // size)
    distance = np.abs(2 * np.arange(total.size) - (total.size - 1))
    extreme = distance >= abs(2 * observed - (total.size - 1))
    return float(min(1.0, total[extreme].sum()))


def _null(sample: Sample) -> Floats:
    """The null distribution of twice the number of pairs won, 0 to 2 n m: [2 n m + 1]."""
    n, m = len(sample.treated), len(sample.base)
    ranks = sample.ranks
    subsets = np.zeros((n + 1, int(ranks.sum()) + 1))  # [how many chosen, sum of doubled ranks]
    subsets[0, 0] = 1.0
    for rank in ranks:
        subsets[1:, rank:] += subsets[:-1, :-rank].copy()
    lowest = n * (n + 1)
    return subsets[n, lowest : lowest + 2 * n * m + 1] / math.comb(n + m, n)


def _normal_test(samples: Sequence[Sample]) -> float:
    """The normal limit of `rank_test`.

    The variance of the mean of wins is var(doubled ranks) / (4 n m (n + m)), ties included.
    """
    deviation = 0.0
    variance = 0.0
    for sample in samples:
        n, m = len(sample.treated), len(sample.base)
        deviation += float(sample.won.mean()) - 0.5
        variance += float(sample.ranks.var(ddof=1)) / (4 * n * m * (n + m))
    if variance == 0.0:
        return 1.0
    return float(2.0 * distributions.norm.sf(abs(deviation) / math.sqrt(variance)))


def holm(values: Sequence[float], family: int = 0) -> list[float]:
    """p values adjusted to control the family-wise error rate (Holm, 1979).

    The family may be larger than what was tested: the other tests count as not significant.
    """
    adjusted = [0.0] * len(values)
    highest = 0.0
    size = max(family, len(values))
    for rank, index in enumerate(sorted(range(len(values)), key=lambda i: values[i])):
        highest = max(highest, min(1.0, (size - rank) * values[index]))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """p values adjusted to control the false discovery rate (Benjamini and Hochberg, 1995)."""
    if not values:
        return []
    return [float(p) for p in distributions.false_discovery_control(values)]
