"""Exact rank tests and adjusted p values against scipy and by counting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.records import rank_tests
from bench.records.rank_tests import Sample


def test_rank_test_agrees_with_scipy_without_ties():
    rng = np.random.default_rng(7)
    for n, m in ((3, 4), (5, 5), (10, 8)):
        x, y = rng.normal(size=n) + 0.7, rng.normal(size=m)
        expected = scipy_stats.mannwhitneyu(x, y, method="exact").pvalue
        assert rank_tests.rank_test([Sample(x, y)]) == pytest.approx(expected)


def by_counting(*samples: Sample) -> float:
    """p by going through all relabellings, each compared pair by pair."""

    def means(sample: Sample) -> list[float]:
        runs = np.concatenate(sample[:2])
        found = []
        for chosen in itertools.combinations(range(len(runs)), len(sample.treated)):
            rest = [i for i in range(len(runs)) if i not in chosen]
            found.append(Sample(runs[list(chosen)], runs[rest], sample.tie).won.mean())
        return found

    null = [sum(parts) for parts in itertools.product(*map(means, samples))]
    middle = 0.5 * len(samples)
    observed = sum(sample.won.mean() for sample in samples)
    return np.mean([abs(v - middle) >= abs(observed - middle) - 1e-12 for v in null])


FIRST = Sample(np.array([3.0, 3.0, 2.0]), np.array([1.0, 3.0, -np.inf]))
SECOND = Sample(np.array([1.0, 5.0]), np.array([-np.inf, -np.inf, 1.0]))


@pytest.mark.parametrize("tie", [0.0, 1.0, 1.5, 2.0, 4.5])
def test_rank_test_counts_every_relabelling_of_two_tasks_with_ties_and_failures(tie):
    samples = [FIRST._replace(tie=tie), SECOND]
    assert rank_tests.rank_test(samples) == pytest.approx(by_counting(*samples))


@pytest.mark.parametrize("draw", range(12))
def test_rank_test_is_exact_with_ties_that_are_not_transitive(draw):
    """Chains of runs that tie with the next and beat the one after: no ranks describe them."""
    rng = np.random.default_rng(draw)
    n, m = rng.integers(2, 6, 2)
    runs = 0.5 + 0.006 * rng.integers(0, 6, n + m) + 1e-4 * rng.random(n + m)
    runs[rng.random(n + m) < 0.1] = -np.inf
    sample = Sample(runs[:n], runs[n:], 0.01)
    assert rank_tests.rank_test([sample]) == pytest.approx(by_counting(sample))
    both = [sample, Sample(runs[-2:] + 0.003, runs[:3], 0.01)]
    assert rank_tests.rank_test(both) == pytest.approx(by_counting(*both))


def test_ties_within_a_tolerance_are_not_transitive():
    runs = np.array([0.500, 0.506, 0.512])
    signs = rank_tests.signs(runs[:, None], runs, 0.01)
    assert signs.tolist() == [[0, 0, -1], [0, 0, 0], [1, 0, 0]]
    assert Sample(runs[:2], runs[2:], 0.01).ranks.tolist() == [3, 4, 5]


@pytest.mark.parametrize("low", [0.05, 0.29, 0.5, 0.57, 1.1, -0.01, -3.3, 123.4])
def test_a_difference_of_exactly_the_tolerance_is_no_tie(low):
    """0.06 - 0.05 is less than 0.01 in binary, 0.51 - 0.5 is more."""
    better, near = np.array([round(low + 0.01, 6)]), np.array([round(low + 0.00999, 6)])
    base = np.array([low])
    assert Sample(better, base, 0.01).won == 1.0
    assert Sample(base, better, 0.01).won == 0.0
    assert Sample(near, base, 0.01).won == Sample(base, near, 0.01).won == 0.5


def test_failures_tie_with_each_other_and_lose_to_everything():
    runs = np.array([-np.inf, -1e30, 0.0])
    assert Sample(runs, runs, 0.01).won.tolist() == [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]


def test_the_test_depends_on_nothing_but_who_beats_whom():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=9), rng.normal(size=11) - 0.6
    p = rank_tests.rank_test([Sample(x, y, 0.2)])
    for same in (
        Sample(x[::-1], y[::-1], 0.2),
        Sample(x + 7.0, y + 7.0, 0.2),
        Sample(3.0 * x, 3.0 * y, 0.6),
        Sample(-x, -y, 0.2),
        Sample(y, x, 0.2),
    ):
        assert rank_tests.rank_test([same]) == pytest.approx(p)


def test_without_a_tolerance_ranks_are_mid_ranks_and_p_is_that_of_the_rank_sum():
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 6, 7).astype(float), rng.integers(0, 6, 8) + 1.0
    runs = np.concatenate([x, y])
    assert Sample(x, y).ranks.tolist() == (2 * scipy_stats.rankdata(runs)).tolist()
    sums = [sum(c) for c in itertools.combinations(scipy_stats.rankdata(runs), len(x))]
    middle, observed = np.mean(sums), sum(scipy_stats.rankdata(runs)[: len(x)])
    extreme = [abs(s - middle) >= abs(observed - middle) - 1e-9 for s in sums]
    assert rank_tests.rank_test([Sample(x, y)]) == pytest.approx(np.mean(extreme))


def test_the_normal_limit_has_the_variance_of_all_relabellings():
    """Near-ties; not far from the middle the two tests agree."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(0.5, 0.02, 38), rng.normal(0.495, 0.02, 40)
    sample = Sample(x, y, 0.01)
    exact, normal = rank_tests.rank_test([sample]), rank_tests._normal_test([sample])
    assert normal == pytest.approx(exact, rel=0.05)
    runs = np.concatenate([x, y])
    drawn = [rng.permutation(runs) for _ in range(4000)]
    means = [Sample(each[:38], each[38:], 0.01).won.mean() for each in drawn]
    expected = sample.ranks.var(ddof=1) / (4 * 38 * 40 * 78)
    assert np.var(means) == pytest.approx(expected, rel=0.1)


def test_large_samples_use_the_normal_limit():
    rng = np.random.default_rng(8)
    x, y = rng.integers(0, 20, 60) + 2.0, rng.integers(0, 20, 60) + 0.0
    expected = scipy_stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue
    assert rank_tests.rank_test([Sample(x, y)]) == pytest.approx(expected)
    assert rank_tests.rank_test([Sample(np.zeros(60), np.zeros(60))]) == 1.0


def test_adjusted_p_values():
    assert rank_tests.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert rank_tests.holm([]) == []
    assert rank_tests.benjamini_hochberg([]) == []
    assert rank_tests.benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
