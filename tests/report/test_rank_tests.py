"""Exact rank tests and adjusted p values against scipy and by counting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.report import rank_tests, stats


def test_rank_test_agrees_with_scipy_without_ties():
    rng = np.random.default_rng(7)
    for n, m in ((3, 4), (5, 5), (10, 8)):
        x, y = rng.normal(size=n) + 0.7, rng.normal(size=m)
        expected = scipy_stats.mannwhitneyu(x, y, method="exact").pvalue
        assert rank_tests.rank_test([(x, y)]) == pytest.approx(expected)


def test_rank_test_counts_every_relabelling_of_two_tasks_with_ties_and_failures():
    first = (np.array([3.0, 3.0, 2.0]), np.array([1.0, 3.0, -np.inf]))
    second = (np.array([1.0, 5.0]), np.array([-np.inf, -np.inf, 1.0]))

    def means(treated, base):
        runs = np.concatenate([treated, base])
        found = []
        for chosen in itertools.combinations(range(len(runs)), len(treated)):
            rest = [i for i in range(len(runs)) if i not in chosen]
            found.append(stats.probability_of_improvement(runs[list(chosen)], runs[rest], "higher"))
        return found

    null = [a + b for a in means(*first) for b in means(*second)]
    observed = sum(stats.probability_of_improvement(*pair, "higher") for pair in (first, second))
    extreme = [abs(value - 1.0) >= abs(observed - 1.0) - 1e-12 for value in null]
    assert rank_tests.rank_test([first, second]) == pytest.approx(np.mean(extreme))


def test_large_samples_use_the_normal_limit():
    rng = np.random.default_rng(8)
    x, y = rng.integers(0, 20, 60) + 2.0, rng.integers(0, 20, 60) + 0.0
    expected = scipy_stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue
    assert rank_tests.rank_test([(x, y)]) == pytest.approx(expected)
    assert rank_tests.rank_test([(np.zeros(60), np.zeros(60))]) == 1.0


def test_adjusted_p_values():
    assert rank_tests.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert rank_tests.holm([]) == []
    assert rank_tests.benjamini_hochberg([]) == []
    assert rank_tests.benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
