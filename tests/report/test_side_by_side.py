"""Two sets of records side by side: what is equal, what differs, and what is noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.records.record import Record
from bench.report.side_by_side import SideBySide, closing, frame, has, side_by_side
from bench.report.verdicts import EPS
from tests.support.factories import PROVENANCE, make_record

MADE = {**PROVENANCE, "environment": None}


def cell(
    strategy: str | None = "r1", *, shift: float = 0.0, n: int = 10, draw: int = 0, **more: Any
) -> Record:
    """Distances of n seeds, better by `shift` standard deviations; `draw` are others."""
    scores = 9.0 - shift - np.random.default_rng(draw).standard_normal(n)
    return make_record(strategy=strategy, scores=scores.tolist(), **more)


def one(found: SideBySide) -> Any:
    (pair,) = found.pairs
    return pair


def test_the_same_records_are_equal_to_the_bit_whatever_their_numbers_of_seeds() -> None:
    found = side_by_side([cell(n=10)], [cell(n=20)])
    pair = one(found)
    assert (pair.word, pair.same, pair.common, pair.effect.value) == ("equal", True, 10, 0.5)
    assert closing(found) == (
        "1 cell compared: 1 equal to the bit, 0 significantly different (0 better, 0 worse), "
        "0 not to be told from noise"
    )


@pytest.mark.parametrize(("shift", "word"), [(3.0, "better"), (-3.0, "worse")])
def test_what_differs_is_found_in_its_direction(shift: float, word: str) -> None:
    pair = one(side_by_side([cell()], [cell(shift=shift, draw=1)]))
    assert pair.word == word
    assert (pair.effect.value > 0.5) == (shift > 0.0)
    turned = one(side_by_side([cell(shift=shift, draw=1)], [cell()]))
    assert turned.effect.value == pytest.approx(1.0 - pair.effect.value)
    assert turned.effect.p == pair.effect.p


def test_noise_is_unclear_and_the_seeds_that_would_settle_it_do() -> None:
    """Noether's number finds the difference in about four of five cases, 0.8 +- 3 errors."""
    pair = one(side_by_side([cell()], [cell(shift=0.3, draw=1)]))
    assert pair.word == "unclear"
    size = max(abs(pair.effect.value - 0.5), EPS)
    assert pair.settle == int(np.ceil((1.95996 + 0.84162) ** 2 / (6.0 * size * size)))
    n, shift = 40, 0.648  # P = 0.677: Noether's number for it is 42
    worlds = [
        one(side_by_side([cell(n=n, draw=2 * i)], [cell(n=n, shift=shift, draw=2 * i + 1)]))
        for i in range(100)
    ]
    assert 68 <= sum(pair.effect.p <= 0.05 for pair in worlds) <= 92


def test_many_seeds_of_the_same_are_equivalent() -> None:
    found = side_by_side([cell(n=200)], [cell(n=200, draw=1)])
    assert one(found).word == "equivalent"
    assert "1 equivalent, 0 not to be told from noise" in closing(found)


def test_p_is_adjusted_over_what_is_not_equal() -> None:
    tasks = ("ring8", "digits", "grid25")
    first = [cell(task=task) for task in tasks]
    second = [cell(task=task, shift=1.2, draw=7) for task in tasks[:2]] + [cell(task="grid25")]
    found = side_by_side(first, second)
    tested = [pair for pair in found.pairs if pair.word != "equal"]
    assert len(tested) == 2
    assert {pair.p_adjusted for pair in tested} == {min(1.0, 2.0 * tested[0].effect.p)}


def test_cells_are_the_same_in_any_order_of_names_and_as_a_kit() -> None:
    sums = ("replay+target_network", "target_network+replay", "ddpg")
    for left in sums:
        for right in sums:
            first = cell(left, task="pendulum", domain="rl", better="higher")
            second = cell(right, task="pendulum", domain="rl", better="higher")
            assert one(side_by_side([first], [second])).word == "equal"
    twice = side_by_side([cell(sums[0]), cell(sums[1])], [cell(sums[0])])
    assert twice.refused == ((f"ring8/bare+{sums[1]}", f"the same learner as bare+{sums[0]}"),)


def test_what_only_one_has_is_listed() -> None:
    found = side_by_side([cell(), cell(None)], [cell(None), cell("r2")])
    assert (found.only_first, found.only_second) == (("ring8/bare+r1",), ("ring8/bare+r2",))
    assert one(found).first.strategy is None


def test_one_strategy_is_compared_with_another_on_the_same_base() -> None:
    first = [cell("r1"), cell("r2", shift=3.0, draw=1), cell(None), cell("r1", base="reference")]
    found = side_by_side(first, first, ("r1", "r2"))
    pair = one(found)
    assert (pair.name, pair.word) == ("ring8/bare+r1, bare+r2", "better")
    assert pair.differs == []
    assert found.only_first == ("ring8/reference+r1",)
    assert has(cell("r2+r1"), "r1+r2")
    assert not has(cell("r1"), "r1~tuned")


def test_what_differs_in_how_they_were_made_is_named() -> None:
    newer = {**MADE, "spec": "f" * 16, "cpu": "another", "compiled": True}
    newer["versions"] = {**PROVENANCE["versions"], "torch": "3.0"}
    pair = one(side_by_side([cell()], [cell(provenance=newer)]))
    assert pair.differs == [
        "spec",
        "torch 2.15.0, 3.0",
        "cpu a processor, another",
        "compiled False, True",
    ]
    assert pair.word == "equal"
    found = side_by_side([cell()], [cell(provenance=newer)])
    assert ("spec", 1) in found.differences


def test_what_is_scored_otherwise_is_not_compared() -> None:
    anchors = {"low": 1.0, "high": 0.0, "log": False}
    found = side_by_side([cell()], [cell(anchors=anchors)])
    assert found.pairs == ()
    assert found.refused == (("ring8/bare+r1", "the two are scored differently"),)
    older = side_by_side([cell()], [cell(protocol_version="1")])
    assert older.refused == (("ring8/bare+r1", "protocols 2 and 1"),)


def test_without_common_seeds_nothing_is_said_of_bits() -> None:
    pair = one(side_by_side([cell()], [cell(seeds=range(100, 110))]))
    assert (pair.same, pair.common) == (None, 0)
    assert pair.word != "equal"


def test_failures_count_as_worst_and_stand_in_the_table() -> None:
    failed = make_record(strategy="r1", scores=[None] * 8 + [9.0] * 2, seconds=24.0)
    (row,) = frame(side_by_side([cell()], [failed])).itertuples()
    assert (row.failures_a, row.failures_b, row.word) == (0, 8, "worse")
    assert row.median_b == np.inf  # a distance: higher is worse
    assert row.time_ratio == pytest.approx(2.0)
    assert row.improvement < 0.1
