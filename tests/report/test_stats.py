"""Statistics against closed forms, scipy, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.records.rank_tests import Sample, rank_test
from bench.report import stats, verdicts

SMALL = stats.Bootstrap(times=400)


def arm(scores, better="higher", seeds=None):
    return stats.Arm(tuple(seeds or range(len(scores))), stats.utilities(scores, better))


def won(treated, base, better):
    """P(treated better than base) over all pairs."""
    return Sample(stats.utilities(treated, better), stats.utilities(base, better)).won.mean()


def one_effect(treated, base, better="higher"):
    return stats.effect([stats.compare("t", arm(treated, better), arm(base, better), SMALL)])


@pytest.mark.parametrize("n", [1, 3, 4, 7, 10, 23])
def test_iqm_is_the_trimmed_mean(n):
    values = np.random.default_rng(n).normal(size=n)
    assert stats.iqm(values) == pytest.approx(scipy_stats.trim_mean(values, 0.25), rel=1e-12)


def test_iqm_by_hand_and_row_by_row():
    assert stats.iqm([100.0, 1.0, 2.0, -50.0]) == 1.5
    assert stats.iqm([[100.0, 1.0, 2.0, -50.0], [0.0, 0.0, 4.0, 4.0]]).tolist() == [1.5, 2.0]


def test_failures_count_as_worst_until_they_reach_the_middle_half():
    assert stats.iqm(stats.utilities([1, 2, 3, None], "higher")) == 1.5  # (1 + 2) / 2
    assert stats.iqm(stats.utilities([1, 2, None, None], "higher")) == -math.inf
    assert stats.iqm(stats.utilities([1, 2, 3, None], "lower")) == -2.5  # the best, 1, is cut
    assert stats.percentiles(np.array([-np.inf, -np.inf, 1.0, 2.0])) == (-math.inf, 2.0)


@pytest.mark.parametrize("failures", [0, 1, 4, 9, 10])
def test_failure_interval_is_the_exact_one(failures):
    exact = scipy_stats.binomtest(failures, 10).proportion_ci(0.95, method="exact")
    assert stats.clopper_pearson(failures, 10) == pytest.approx((exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize(
    ("treated", "base", "better", "expected"),
    [
        ([2, 3], [0, 1], "higher", 1.0),
        ([2, 3], [0, 1], "lower", 0.0),
        ([1, 2], [1, 2], "higher", 0.5),
        ([1, 2, 3], [2], "higher", 0.5),  # lost, tied, won
        ([5], [1, 6, 7, 8], "higher", 0.25),
        ([None, 1], [0.0], "higher", 0.5),  # a failure loses, 1 wins
        ([None, 1], [0.0], "lower", 0.0),  # a failure loses to everything, also where low is good
        ([None], [None], "lower", 0.5),
        ([None, None], [None, 3], "lower", 0.25),
    ],
)
def test_probability_of_improvement(treated, base, better, expected):
    assert won(treated, base, better) == expected


def test_probability_of_improvement_is_mann_whitney():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, 12).astype(float), rng.integers(1, 9, 8).astype(float)
    expected = scipy_stats.mannwhitneyu(x, y).statistic / (12 * 8)
    assert won(x, y, "higher") == pytest.approx(expected)


def test_a_copy_of_the_base_has_no_effect_in_any_resample():
    scores = np.random.default_rng(1).normal(size=10).tolist()
    found = one_effect(scores, scores)
    assert (found.value, found.low, found.high, found.p) == (0.5, 0.5, 0.5, 1.0)
    assert found.identical
    assert verdicts.state(found, found.p) == "equivalent"


def test_a_tiny_gain_on_every_seed_is_no_effect_either():
    """All 10 same-seed pairs are won, yet runs of different seeds are as good as each other."""
    scores = np.random.default_rng(2).normal(size=10)
    found = one_effect((scores + 1e-9).tolist(), scores.tolist())
    assert found.value == 0.5
    assert 0.38 < found.low < 0.5 < found.high < 0.62
    assert not found.identical


def test_complete_separation():
    found = one_effect(range(10, 20), range(10))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.7, abs=0.02), "a failure in four could have been missed"
    assert rank_test([found.comparisons[0].sample]) == pytest.approx(2 / math.comb(20, 10))
    assert verdicts.state(found, found.p) == "helps"
    assert verdicts.state(one_effect(range(10, 20), range(10), "lower"), 1e-5) == "hurts"


def test_three_seeds_of_one_task_can_never_claim():
    """The exact p cannot fall below 2 / 20, nor the interval's lower end rise above one half."""
    found = one_effect([4, 5, 6], [1, 2, 3])
    assert found.low < 0.5
    assert found.p > 0.1 - 1e-9
    assert verdicts.state(found, found.p) == "undetermined"


def test_few_seeds_are_equivalent_only_if_identical():
    same = one_effect([1, 2, 3], [1, 2, 3])
    near = one_effect([1.1, 2.1, 3.1], [1, 2, 3])
    failed = one_effect([None, None, None], [None, None, None])
    nine, ten = (one_effect(np.arange(n) + 1e-9, range(n)) for n in (9, 10))
    states = [verdicts.state(found, found.p) for found in (same, near, failed, nine, ten)]
    assert states == ["equivalent", *["undetermined"] * 3, "equivalent"]


def test_arms_with_the_same_seeds_share_the_draw_and_others_do_not():
    boot = stats.Bootstrap(times=50)
    first = boot.draw("ring8", (0, 1, 2))
    assert np.array_equal(first, stats.Bootstrap(times=50).draw("ring8", (0, 1, 2)))
    assert not np.array_equal(first, boot.draw("ring8", (3, 4, 5)))
    assert not np.array_equal(first, boot.draw("digits", (0, 1, 2)))
    assert (first.min(), first.max()) == (0, 2)
    counts = boot.counts("ring8", (0, 1, 2))
    assert np.array_equal(counts[:, 1:], boot.counts("ring8", (1, 2, 5))[:, :2]), "by seed"
    assert not np.array_equal(counts, boot.counts("digits", (0, 1, 2)))


@pytest.mark.parametrize("seeds", [[0], [5]])
def test_one_seed_is_enough_for_a_number(seeds):
    found = stats.compare("t", arm([2.0], seeds=[0]), arm([1.0], seeds=seeds), SMALL)
    assert found.value == 1.0
    assert (found.samples == 1.0).all()


def test_the_interval_covers_the_truth():
    """Normal arms half a deviation apart: P = Phi(0.5 / sqrt 2), 300 tries at 15 seeds.

    A percentile interval covers a little less than 95 %; the share has a deviation of 1.3 %.
    """
    truth = scipy_stats.norm.cdf(0.5 / math.sqrt(2))
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        found = one_effect((rng.normal(size=15) + 0.5).tolist(), rng.normal(size=15).tolist())
        covered += found.low <= truth <= found.high
    assert 0.89 <= covered / 300 <= 0.99


def test_more_tasks_narrow_the_interval():
    rng = np.random.default_rng(6)
    parts = [
        stats.compare(f"task {i}", arm(rng.normal(size=10)), arm(rng.normal(size=10)), SMALL)
        for i in range(6)
    ]
    one, six = stats.effect(parts[:1]), stats.effect(parts)
    assert six.value == pytest.approx(np.mean([part.value for part in parts]))
    assert six.high - six.low < 0.7 * (one.high - one.low)


def test_rank_intervals():
    samples = np.array([[3.0, 3.0, 3.0], [1.0, 2.0, 1.0], [2.0, 1.0, 2.0], [-np.inf] * 3])
    assert stats.rank_intervals(samples) == [(1, 1), (2, 3), (2, 3), (4, 4)]


def test_ranks_within_the_tolerance_are_shared():
    samples = np.array([[0.500, 0.5], [0.506, 0.6], [0.512, 0.7], [-np.inf] * 2])
    assert stats.rank_intervals(samples, 0.01) == [(2, 3), (1, 2), (1, 1), (4, 4)]


def test_differences_below_the_tolerance_are_no_effect_in_any_resample():
    scores = np.linspace(0.5, 0.505, 10)
    seeds = tuple(range(10))
    near = stats.Arm(seeds, scores + 0.004, 0.01), stats.Arm(seeds, scores, 0.01)
    found = stats.effect([stats.compare("t", *near, SMALL)])
    assert (found.value, found.p) == (0.5, 1.0)
    assert found.low == pytest.approx(1.0 - found.high)
    assert not found.identical
    far = stats.Arm(seeds, scores + 0.03, 0.01), near[1]
    assert stats.effect([stats.compare("t", *far, SMALL)]).value == 1.0
