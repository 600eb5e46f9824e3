"""Statistics over seeds: effects with their intervals, and resamples.

A *utility* is a number of a run by which it is compared: higher is better, and -inf, a run without
one, ranks worst. Two utilities tie if they differ by less than a tolerance that their arms have.
Shapes: n, m seeds of two arms, R resamples.

Effect size: the probability of improvement, P(treated better) + P(tie) / 2, as in Agarwal et al.
(2021, arXiv 2108.13264), averaged over the tasks of a domain. Two runs with the same seed share
their start and their data, so they are not independent. They are compared with each other only if
there are no other pairs. Intervals are in closed form (`bench.report.placements`). What has none,
such as a correlation over strategies, has percentiles of one joint stratified bootstrap: how often
a seed is drawn depends on the task and the seed alone, so that all arms share the draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

from bench.records.rank_tests import ROUNDING, Floats, Integers, Sample, holm, rank_test
from bench.report.placements import Placements, Score, placements

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
    """Draws of seeds, which depend on nothing but the task and the seeds."""

    seed: int = 0
    times: int = RESAMPLES
    _drawn: dict[tuple[str, tuple[int, ...]], Integers] = field(default_factory=dict, repr=False)
    _counts: dict[tuple[str, int], Floats] = field(default_factory=dict, repr=False)

    def draw(self, task: str, seeds: tuple[int, ...]) -> Integers:
        """Positions [R, n] into `seeds`, the same for every arm of the task with these seeds."""
        if (task, seeds) not in self._drawn:
            rng = self._generator(f"{task}|{seeds}")
            self._drawn[task, seeds] = rng.integers(0, len(seeds), size=(self.times, len(seeds)))
        return self._drawn[task, seeds]

    def counts(self, task: str, seeds: tuple[int, ...]) -> Floats:
        """How often each of the seeds is drawn [R, n]: a Poisson number for each, of mean 1.

        So the draws are from the union of all arms' seeds, whatever that is (Hanley and MacGibbon,
        2006: the Poisson bootstrap).
        """
        for seed in seeds:
            if (task, seed) not in self._counts:
                drawn = self._generator(f"{task}|{seed}").poisson(size=self.times)
                self._counts[task, seed] = drawn.astype(np.float32)
        return np.stack([self._counts[task, seed] for seed in seeds], axis=1)

    def _generator(self, text: str) -> np.random.Generator:
        words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32)
        return np.random.default_rng([self.seed, *words.tolist()])


def iqm_resampled(task: str, arm: Arm, boot: Bootstrap) -> Floats:
    """The interquartile mean of the arm's utilities in every resample [R]."""
    return np.asarray(iqm(arm.values[boot.draw(task, arm.seeds)]))


@dataclass(frozen=True)
class Comparison:
    """One task's effect, the probability that a treated run beats a base run of another seed."""

    task: str
    treated: Arm
    base: Arm
    boot: Bootstrap

    @cached_property
    def placed(self) -> Placements:
        """The effect and its variance."""
        found = placements(self.sample.won, self._shared)
        if not self.identical:
            return found
        return replace(found, treated=0.0, base=0.0, parts=((0.0, 1),), exact=True)

    @property
    def value(self) -> float:
        """The effect."""
        return self.placed.value

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Its interval."""
        return Score.of([self.placed]).limits(LEVEL)

    @cached_property
    def p(self) -> float:
        """That of no effect, of the exact test and of the interval: the larger one."""
        return max(rank_test([self.sample]), Score.of([self.placed]).p)

    @cached_property
    def samples(self) -> Floats:
        """The effect in every resample [R]; the effect itself where no pair was drawn."""
        counted = np.ones(self.sample.won.shape, dtype=np.float32)
        own, others = self._shared
        counted[own, others] = 0.0
        if not counted.any():
            counted[:] = 1.0
        won = counted * self.sample.won.astype(np.float32)
        left, right = (self.boot.counts(self.task, arm.seeds) for arm in (self.treated, self.base))
        # Whole and half numbers up to some thousands, which float32 holds exactly.
        total = np.einsum("rb,rb->r", left @ won, right).astype(float)
        weight = np.einsum("rb,rb->r", left @ counted, right).astype(float)
        return np.divide(total, weight, out=np.full_like(total, self.value), where=weight > 0)

    @cached_property
    def _shared(self) -> tuple[Integers, Integers]:
        """The positions of the shared seeds in both arms."""
        found = np.intersect1d(self.treated.seeds, self.base.seeds, return_indices=True)
        return found[1], found[2]

    @cached_property
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
    """One arm against another on a task."""
    return Comparison(task, treated, base, boot)


@dataclass(frozen=True)
class Effect:
    """A mean over tasks of the probability of improvement, with its interval and p of no effect."""

    comparisons: tuple[Comparison, ...]

    @cached_property
    def score(self) -> Score:
        """The mean, and what its interval follows from."""
        return Score.of([each.placed for each in self.comparisons])

    @property
    def value(self) -> float:
        """The mean."""
        return self.score.value

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The interval."""
        return self.score.limits(LEVEL)

    @property
    def low(self) -> float:
        """Its lower end."""
        return self.limits[0]

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.limits[1]

    @cached_property
    def p(self) -> float:
        """The larger one of the stratified rank test and of the interval's test.

        Each alone is too sure somewhere: the rank test where a larger base has another spread, the
        interval's where runs are few.
        """
        return max(rank_test([each.sample for each in self.comparisons]), self.score.p)

    @cached_property
    def task_p(self) -> tuple[float, ...]:
        """p of every task, adjusted by Holm over the tasks."""
        return tuple(holm([each.p for each in self.comparisons]))

    @cached_property
    def samples(self) -> Floats:
        """The mean in every resample [R]."""
        return np.asarray(np.mean([each.samples for each in self.comparisons], axis=0))

    @property
    def runs(self) -> int:
        """The fewest seeds of any arm in it."""
        return min(each.runs for each in self.comparisons)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Its tasks."""
        return tuple(each.task for each in self.comparisons)

    @property
    def identical(self) -> bool:
        """Whether the arms agree bitwise on every task."""
        return all(each.identical for each in self.comparisons)

    def mixed(self, level: float) -> bool:
        """Whether a task is significantly better and another one worse, at a family-wise level."""
        sure = {
            each.value > 0.5
            for each, p in zip(self.comparisons, self.task_p, strict=True)
            if p <= level and each.value != 0.5
        }
        return len(sure) == 2


def effect(comparisons: Sequence[Comparison]) -> Effect:
    """The mean effect over at least one task."""
    return Effect(tuple(comparisons))


def _better(difference: Floats, tie: float) -> NDArray[np.bool_]:
    return (difference > 0.0) & (difference >= tie - ROUNDING)


def rank_intervals(samples: Floats, tie: float = 0.0) -> list[tuple[int, int]]:
    """Ranks (1 is best) that each of K arms takes in the resamples [K, R] of its utility.

    A rank is one more than the number of arms that are better, not counting those that tie.
    """
    with np.errstate(invalid="ignore"):  # two failed arms tie
        ranks = np.array([1 + _better(samples - row, tie).sum(axis=0) for row in samples])
    return [(int(low), int(high)) for low, high in (percentiles(row) for row in ranks)]
