"""Exact rank tests of the probability of improvement, and p values adjusted for many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

Floats = NDArray[np.float64]

EXACT_SEEDS = 80
"""The rank test is exact up to this many runs of a task, and a normal approximation beyond."""
EXACT_GRID = 8000
"""The same limit for the number of distinct values one task's effect can have."""


def pairs_won(treated: Floats, base: Floats) -> Floats:
    """For all pairs of runs [n, m]: 1 if the treated one is better, 1/2 for a tie, 0 if worse."""
    above = treated[:, None] > base[None, :]
    equal = treated[:, None] == base[None, :]
    return above + 0.5 * equal


def rank_test(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    """Two-sided p of the mean probability of improvement over tasks, for arms [n] and [m] each.

    The stratified Wilcoxon-Mann-Whitney permutation test: labels are exchanged within a task, ties
    and failures share ranks. The null distribution is computed exactly for each task, then
    convolved over tasks; large samples use its normal limit. Seeds shared by the arms make the
    test conservative.
    """
    sizes = [2 * len(treated) * len(base) for treated, base in pairs]
    grid = math.lcm(*sizes)
    if grid > EXACT_GRID or max(len(t) + len(b) for t, b in pairs) > EXACT_SEEDS:
        return _normal_test(pairs)
    total = np.ones(1)
    observed = 0
    for (treated, base), size in zip(pairs, sizes, strict=True):
        spread = np.zeros(grid + 1)
        spread[:: grid // size] = _null(treated, base)
        total = np.convolve(total, spread)
        observed += round(2.0 * float(pairs_won(treated, base).sum())) * (grid // size)
    distance = np.abs(2 * np.arange(total.size) - (total.size - 1))
    extreme = distance >= abs(2 * observed - (total.size - 1))
    return float(min(1.0, total[extreme].sum()))


def _null(treated: Floats, base: Floats) -> Floats:
    """The null distribution of twice the number of pairs won, 0 to 2 n m: [2 n m + 1]."""
    n, m = len(treated), len(base)
    ranks = np.rint(2.0 * distributions.rankdata(np.concatenate([treated, base]))).astype(int)
    subsets = np.zeros((n + 1, int(ranks.sum()) + 1))  # [how many chosen, sum of doubled ranks]
    subsets[0, 0] = 1.0
    for rank in ranks:
        subsets[1:, rank:] += subsets[:-1, :-rank].copy()
    lowest = n * (n + 1)
    return subsets[n, lowest : lowest + 2 * n * m + 1] / math.comb(n + m, n)


def _normal_test(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    """The normal limit of `rank_test`.

    The variance of the mean of wins is var(ranks) / (n m (n + m)), ties included.
    """
    deviation = 0.0
    variance = 0.0
    for treated, base in pairs:
        n, m = len(treated), len(base)
        ranks = distributions.rankdata(np.concatenate([treated, base]))
        deviation += float(pairs_won(treated, base).mean()) - 0.5
        variance += float(ranks.var(ddof=1)) / (n * m * (n + m))
    if variance == 0.0:
        return 1.0
    return float(2.0 * distributions.norm.sf(abs(deviation) / math.sqrt(variance)))


def holm(values: Sequence[float]) -> list[float]:
    """p values adjusted to control the family-wise error rate (Holm, 1979)."""
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=lambda i: values[i])):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """p values adjusted to control the false discovery rate (Benjamini and Hochberg, 1995)."""
    if not values:
        return []
    return [float(p) for p in distributions.false_discovery_control(values)]
