"""Rank correlations, with what is missing left out, and their intervals from resamples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats as distributions

from bench.records.rank_tests import Floats
from bench.report.stats import percentiles


@dataclass(frozen=True)
class Estimate:
    """A number with a 95 % interval over seeds, tasks and strategies; NaN where it has none."""

    value: float
    low: float = math.nan
    high: float = math.nan


def spearman(left: Floats, right: Floats) -> float:
    """The rank correlation of what both have; NaN for fewer than three, or without a spread."""
    return float(correlations(left[None], right[None])[0])


def kendall(left: Floats, right: Floats) -> float:
    """Kendall's tau-b of what both have; NaN for fewer than three, or without a spread."""
    known = np.isfinite(left) & np.isfinite(right)
    if known.sum() < 3 or not np.ptp(left[known]) or not np.ptp(right[known]):
        return math.nan
    return float(distributions.kendalltau(left[known], right[known]).statistic)


def correlations(left: Floats, right: Floats) -> Floats:
    """Spearman's correlation of every row, [R] of [R, S] and [R, S]."""
    known = np.isfinite(left) & np.isfinite(right)
    if not known.all():
        if len(left) > 1:
            return np.array([spearman(*pair) for pair in zip(left, right, strict=True)])
        left, right = left[known][None], right[known][None]
    if left.shape[1] < 3:
        return np.full(len(left), math.nan)
    ranks = [distributions.rankdata(each, axis=1) for each in (left, right)]
    one, other = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    product = (one * other).sum(axis=1)
    return np.divide(product, scale, out=np.full(len(left), math.nan), where=scale > 0.0)


def mean(values: Floats) -> Floats:
    """The mean over the last axis of what is there; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.asarray(np.where(known, values, 0.0).sum(axis=-1))
    count = known.sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, math.nan), where=count > 0))


def estimate(value: float, samples: Floats) -> Estimate:
    """With the percentiles of the samples; without an interval where most of them have no value.

    Resampled effects are noisier than measured ones, so that correlations of them lean towards 0:
    the interval reaches the value at least.
    """
    known = samples[np.isfinite(samples)]
    if not math.isfinite(value) or len(known) < len(samples) / 2:
        return Estimate(value)
    low, high = percentiles(known)
    return Estimate(value, min(low, value), max(high, value))
