"""Draws against counting, chi-square and a hash that is written down."""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from bench.submissions.draw import Draw, is_ref, odds, order

CELLS = [f"2/someone/ring8/bare+s{number}" for number in range(12)]
REFS = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(3000)]


def test_a_draw_is_that_of_the_formula():
    ref = REFS[0]
    assert ref == "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c"
    by_hand = sorted((hashlib.sha256(f"{ref} {c}".encode()).hexdigest(), c) for c in CELLS)
    assert order(ref, CELLS) == [cell for _, cell in by_hand]
    assert order(ref, CELLS[::-1]) == order(ref, CELLS)
    assert order(ref, CELLS) != order(REFS[1], CELLS)


def test_all_cells_are_drawn_equally_often():
    """Chi-square of inclusions without replacement: the usual one times (n - 1) / (n - K)."""
    drawn, n = 3, len(CELLS)
    counts = dict.fromkeys(CELLS, 0)
    for ref in REFS:
        for cell in order(ref, CELLS)[:drawn]:
            counts[cell] += 1
    expected = len(REFS) * drawn / n
    chi = sum((count - expected) ** 2 for count in counts.values()) / expected
    assert 0.001 < stats.chi2.sf(chi * (n - 1) / (n - drawn), n - 1) < 0.999


def test_a_new_cell_changes_no_order_of_the_others():
    more = order(REFS[0], [*CELLS, "2/someone/dirac/bare"])
    assert [cell for cell in more if cell in CELLS] == order(REFS[0], CELLS)


@pytest.mark.parametrize(("cells", "forged", "drawn"), [(12, 1, 5), (12, 6, 3), (8, 7, 2)])
def test_odds_are_those_of_counting_all_draws(cells, forged, drawn):
    hits = [min(some) < forged for some in combinations(range(cells), drawn)]
    assert odds(cells, forged, drawn) == pytest.approx(np.mean(hits))


@pytest.mark.parametrize(("share", "drawn", "stated"), [(0.1, 5, 0.41), (0.2, 3, 0.49)])
def test_odds_are_at_least_the_stated_ones(share, drawn, stated):
    for cells in (20, 100, 1000):
        assert odds(cells, round(share * cells), drawn) >= 1 - (1 - share) ** drawn
    assert 1 - (1 - share) ** drawn == pytest.approx(stated, abs=0.005)


def test_a_draw_draws_the_first_cells_of_its_pool():
    within = "2/someone/"
    pool = dict.fromkeys((cell.removeprefix(within) for cell in CELLS), "0" * 64)
    for size in (1, 3, 12, 20):
        draw = Draw(protocol_version="2", submission="someone", ref=REFS[0], size=size, pool=pool)
        assert [f"{within}{cell}" for cell in draw.drawn] == order(REFS[0], CELLS)[:size]


@pytest.mark.parametrize(
    "text", ["", "HEAD", "a" * 39, "a" * 41, "A" * 40, "g" * 40, "a" * 63, "a" * 40 + "\n"]
)
def test_what_is_no_full_hash_draws_nothing(text):
    assert not is_ref(text)
    assert is_ref("a" * 40)
    assert is_ref("0" * 64)
