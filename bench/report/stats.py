"""Statistics over seeds: effects and their bootstrap intervals.

A *utility* is a number of a run by which it is compared: higher is better, and -inf, a run without
one, ranks worst. Two utilities tie if they differ by less than a tolerance that their arms have.
Shapes: n, m seeds of two arms, R resamples.

Effect size: the probability of improvement, P(treated better) + P(tie) / 2, as in Agarwal et al.
(2021, arXiv 2108.13264), averaged over the tasks of a domain. Two runs with the same seed share
their start and their data, so they are not independent. They are compared with each other only if
there are no other pairs; hence an arm that equals its base bitwise has an effect of exactly 1/2
in the data and in every resample. Intervals are percentiles of one joint stratified bootstrap:
seeds are drawn within a task, and arms with the same seeds share the draw.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from scipy import stats as distributions

from bench.report.rank_tests import Floats, Integers, Sample, holm, rank_test, signs

Better = Literal["higher", "lower"]

LEVEL = 0.95
"""Coverage of all intervals; 1 - LEVEL is the largest adjusted p of a claim."""
RESAMPLES = 2000


def utilities(scores: Iterable[float | None], better: Better) -> Floats:
    """Scores [n] turned so that higher is better; -inf where there is none."""
    sign = 1.0 if better == "higher" else -1.0
    return np.array([-np.inf if score is None else sign * score for score in scores], dtype=float)


def iqm(values: Floats | Sequence[float]) -> Any:
    """Interquartile mean over the last axis: the mean without the lowest and the highest quarter.

    The formula of rliable, scipy.stats.trim_mean(values, 0.25): floor(n / 4) values are cut at
    each end, none below four. An infinite value that is not cut makes the mean infinite.
    """
    ordered = np.sort(np.asarray(values, dtype=float), axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1)


def percentiles(samples: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The central interval of samples [R]; its ends are samples, which may be infinite."""
    tail = (1.0 - level) / 2.0
    low = np.quantile(samples, tail, method="lower")
    high = np.quantile(samples, 1.0 - tail, method="higher")
    return float(low), float(high)


def clopper_pearson(failures: int, runs: int, level: float = LEVEL) -> tuple[float, float]:
    """The exact interval of a rate (Clopper and Pearson, 1934), from the beta distribution."""
    tail = (1.0 - level) / 2.0
    beta = distributions.beta
    low = beta.ppf(tail, failures, runs - failures + 1) if failures > 0 else 0.0
    high = beta.ppf(1.0 - tail, failures + 1, runs - failures) if failures < runs else 1.0
    return float(low), float(high)


@dataclass(frozen=True)
class Arm:
    """The runs of one cell: their seeds and utilities [n], which tie if they differ by less."""

    seeds: tuple[int, ...]
    values: Floats
    tie: float = 0.0

    def only(self, seeds: Iterable[int]) -> Arm:
        """The runs of these seeds."""
        kept = np.isin(self.seeds, list(seeds))
        return replace(
            self, seeds=tuple(np.array(self.seeds)[kept].tolist()), values=self.values[kept]
        )


@dataclass
class Bootstrap:
    """Draws of seeds, which depend on nothing but the task and its seeds."""

    seed: int = 0
    times: int = RESAMPLES
    _drawn: dict[tuple[str, tuple[int, ...], bool], Integers] = field(
        default_factory=dict, repr=False
    )
    _counts: dict[tuple[str, tuple[int, ...]], Floats] = field(default_factory=dict, repr=False)

    def draw(self, task: str, seeds: tuple[int, ...], *, single: bool = False) -> Integers:
        """Positions [R, n] into `seeds`, the same for every arm of the task with these seeds.

        From two seeds on, a draw of one seed alone is rejected unless `single`: it has no
        independent pair to compare.
        """
        if (task, seeds, single) not in self._drawn:
            digest = hashlib.sha256(f"{task}|{seeds}".encode()).digest()
            words = np.frombuffer(digest, dtype=np.uint32)
            rng = np.random.default_rng([self.seed, *words.tolist()])
            n, times = len(seeds), self.times
            drawn = rng.integers(0, n, size=(times, n)) if single else draw_positions(rng, n, times)
            self._drawn[task, seeds, single] = drawn
        return self._drawn[task, seeds, single]

    def counts(self, task: str, seeds: tuple[int, ...]) -> Floats:
        """How often each of the seeds is drawn: [R, n]."""
        if (task, seeds) not in self._counts:
            drawn = self.draw(task, seeds)[:, :, None] == np.arange(len(seeds))
            self._counts[task, seeds] = drawn.sum(axis=1).astype(np.float32)
        return self._counts[task, seeds]


def draw_positions(rng: np.random.Generator, n: int, times: int) -> Integers:
    """Positions [times, n] drawn with replacement from range(n), not all the same if n > 1."""
    positions = rng.integers(0, n, size=(times, n))
    while n > 1 and (single := (positions == positions[:, :1]).all(axis=1)).any():
        positions[single] = rng.integers(0, n, size=(int(single.sum()), n))
    return positions


def iqm_resampled(task: str, arm: Arm, boot: Bootstrap) -> Floats:
    """The interquartile mean of the arm's utilities in every resample [R]."""
    return np.asarray(iqm(arm.values[boot.draw(task, arm.seeds, single=True)]))


@dataclass(frozen=True)
class Comparison:
    """One task's effect: `value`, and `samples` [R], its value in every resample."""

    task: str
    treated: Arm
    base: Arm
    value: float
    samples: Floats

    @property
    def sample(self) -> Sample:
        """What is tested."""
        return Sample(self.treated.values, self.base.values, self.base.tie)

    @property
    def runs(self) -> int:
        """The smaller number of seeds of the two arms."""
        return min(len(self.treated.seeds), len(self.base.seeds))

    @property
    def identical(self) -> bool:
        """The arms agree bitwise, seed by seed, and at least one run has a score."""
        same = self.treated.seeds == self.base.seeds
        return same and bool(
            np.array_equal(self.treated.values, self.base.values)
            and np.isfinite(self.base.values).any()
        )


def compare(task: str, treated: Arm, base: Arm, boot: Bootstrap) -> Comparison:
    """The probability that a treated run beats a base run of another seed, with its resamples."""
    other = np.not_equal.outer(treated.seeds, base.seeds).astype(float)
    if not other.any():  # one seed, the same in both arms: all there is
        other = np.ones_like(other)
    wins = other * Sample(treated.values, base.values, base.tie).won
    left, right = boot.counts(task, treated.seeds), boot.counts(task, base.seeds)
    # Whole and half numbers up to some thousands, which float32 holds exactly.
    won = np.einsum("rb,rb->r", left @ wins.astype(np.float32), right).astype(float)
    weight = np.full(len(won), float(left[0].sum() * right[0].sum()))
    if not other.all():
        _, own, others = np.intersect1d(treated.seeds, base.seeds, return_indices=True)
        weight -= np.einsum("rc,rc->r", left[:, own], right[:, others])
    samples = np.divide(won, weight, out=np.full_like(won, 0.5), where=weight > 0)
    return Comparison(task, treated, base, float(wins.sum() / other.sum()), samples)


@dataclass(frozen=True)
class Effect:
    """A mean over tasks of the probability of improvement, with its interval and exact p."""

    value: float
    low: float
    high: float
    p: float
    runs: int  # the fewest seeds of any arm in it
    tasks: tuple[str, ...]
    identical: bool
    samples: Floats
    mixed: bool = False  # significantly better on one task and significantly worse on another


def effect(comparisons: Sequence[Comparison]) -> Effect:
    """The mean effect of at least one task, resampled jointly."""
    samples = np.mean([c.samples for c in comparisons], axis=0)
    low, high = percentiles(samples)
    return Effect(
        value=math.fsum(c.value for c in comparisons) / len(comparisons),
        low=low,
        high=high,
        p=rank_test([c.sample for c in comparisons]),
        runs=min(c.runs for c in comparisons),
        tasks=tuple(c.task for c in comparisons),
        identical=all(c.identical for c in comparisons),
        samples=samples,
        mixed=_mixed(comparisons),
    )


def _mixed(comparisons: Sequence[Comparison]) -> bool:
    """Whether one task is better and another worse, by the exact tests, adjusted by Holm."""
    if not min(c.value for c in comparisons) < 0.5 < max(c.value for c in comparisons):
        return False
    adjusted = holm([rank_test([c.sample]) for c in comparisons])
    sure = [c.value > 0.5 for c, p in zip(comparisons, adjusted, strict=True) if p <= 1.0 - LEVEL]
    return len({*sure}) == 2


def rank_intervals(samples: Floats, tie: float = 0.0) -> list[tuple[int, int]]:
    """Ranks (1 is best) that each of K arms takes in the resamples [K, R] of its utility.

    A rank is one more than the number of arms that are better, not counting those that tie.
    """
    ranks = np.array([1 + (signs(samples, row, tie) > 0).sum(axis=0) for row in samples])
    return [(int(low), int(high)) for low, high in (percentiles(row) for row in ranks)]
