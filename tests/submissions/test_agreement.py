"""Agreement: to the bit where numbers were made alike, in distribution where not; with its odds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.records.record import Record
from bench.submissions.agreement import LEVEL, compare
from tests.support.factories import PROVENANCE, make_record

TEN = tuple(0.1 * (1 + number) for number in range(10))
ELSEWHERE = PROVENANCE | {"cpu": "another processor", "environment": None}


def with_seed(record: Record, seed: int, **changes: Any) -> Record:
    """The record with one seed changed; `point` is (index, metric, value) of its curve."""
    results = list(record.seeds)
    point = changes.pop("point", None)
    if point is not None:
        index, name, value = point
        curve = list(results[seed].curve)
        metrics = curve[index].metrics | {name: value}
        curve[index] = curve[index].model_copy(update={"metrics": metrics})
        changes["curve"] = curve
    results[seed] = results[seed].model_copy(update=changes)
    return record.model_copy(update={"seeds": results})


def normal(rng: np.random.Generator, n: int, shift: float = 0.0) -> list[float]:
    return list(5.0 + shift + rng.standard_normal(n))


def elsewhere(scores: Any, **changes: Any) -> Record:
    return make_record(scores=scores, **({"provenance": ELSEWHERE} | changes))


def test_equal_records_agree_bit_for_bit():
    found = compare(make_record(scores=TEN), make_record(scores=TEN[:4]))
    assert (found.outcome, found.why) == ("agrees", "equal bit for bit on 4 seeds")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"point": (3, "fid", 0.1234567)}, "seed 2 differs from step 300 on, in fid"),
        ({"point": (0, "modes", 3.0)}, "seed 2 differs from step 0 on, in modes"),
        ({"point": (5, "fid", None)}, "seed 2 differs from step 500 on, in fid"),
        ({"status": "collapsed"}, "seed 2 differs in status: ok, re-run collapsed"),
        ({"first_bad_step": 7}, "seed 2 differs in first_bad_step: None, re-run 7"),
        ({"score": 0.2999}, "seed 2 differs in score, which does not follow from its curve"),
    ],
)
def test_one_planted_change_is_found(changes, where):
    record = make_record(scores=TEN)
    found = compare(record, with_seed(record, 2, **changes))
    assert found.outcome == "differs"
    assert where in found.why


LATER = PROVENANCE | {"commit": "1" * 40, "environment": None}
"""Made alike, at another commit, whose neutral edits may round otherwise."""


def test_at_another_commit_all_seeds_may_part_but_not_a_few():
    record = make_record(scores=TEN)
    rerun = make_record(scores=TEN, provenance=LATER)
    assert compare(record, rerun).why == "equal bit for bit on 10 seeds"
    for seed in range(10):
        rerun = with_seed(rerun, seed, point=(2, "modes", 5.0))
        found = compare(record, rerun)
        assert found.outcome == ("differs" if seed < 5 else "agrees")
    assert found.why.startswith(
        "made alike but for rounding, at 0000000 and 1111111: step 0 agrees"
    )


def test_at_another_commit_a_few_seeds_may_be_rounded():
    record = make_record(scores=TEN)
    rerun = make_record(scores=TEN, provenance=LATER)
    assert compare(record, with_seed(rerun, 3, point=(2, "modes", 4.0001))).outcome == "agrees"


def test_seeds_that_diverge_do_not_show_that_rounding_spares_any():
    record = make_record(scores=[None] * 6 + [*TEN[:4]])
    rerun = make_record(scores=[None] * 6 + [*TEN[:4]], provenance=LATER)
    for seed in range(6, 10):
        rerun = with_seed(rerun, seed, point=(2, "modes", 5.0))
    assert compare(record, rerun).outcome == "agrees"
    made_here = rerun.model_copy(update={"provenance": record.provenance})
    assert compare(record, made_here).outcome == "differs"


def test_without_a_commit_the_code_is_not_known_to_be_the_same():
    for change in ({"commit": None}, {"dirty": True}):
        made = PROVENANCE | change | {"environment": None}
        record = rerun = make_record(scores=TEN, provenance=made)
        for seed in range(10):
            rerun = with_seed(rerun, seed, point=(2, "modes", 5.0))
        assert compare(record, rerun).outcome == "agrees"


def test_a_last_digit_is_a_change_where_code_and_machine_are_the_same_only():
    record = make_record(scores=TEN)
    value = record.seeds[0].curve[0].metrics["fid"] * (1 + 1e-7)
    assert compare(record, with_seed(record, 0, point=(0, "fid", value))).outcome == "differs"
    there = elsewhere(TEN)
    assert compare(record, with_seed(there, 0, point=(0, "fid", value))).outcome == "agrees"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"task": "grid25"}, "another cell, grid25/bare"),
        ({"provenance": PROVENANCE | {"spec": "f" * 16, "environment": None}}, "other code"),
        ({"seeds": range(10, 20)}, "no seed in common"),
    ],
)
def test_what_cannot_be_compared_is_no_evidence(changes, why):
    found = compare(make_record(scores=TEN), make_record(scores=TEN, **changes))
    assert found.outcome == "cannot tell"
    assert why in found.why


def test_numbers_before_training_are_held_seed_by_seed():
    """Two of ten seeds may be off in a metric, three may not."""
    record, rerun = make_record(scores=TEN), elsewhere(TEN)
    for seed, outcome in enumerate(("agrees", "agrees", "differs")):
        rerun = with_seed(rerun, seed, point=(0, "modes", 5.0))
        found = compare(record, rerun)
        assert found.outcome == outcome
    assert "step 0 differs, in modes of 3 of 10 seeds" in found.why


def test_episodes_of_another_library_are_not_held_before_training():
    rl = {"better": "higher", "domain": "rl", "task": "pendulum"}
    for environment, outcome in (
        ("Pendulum-v1 (envpool 1.2.5)", "agrees"),
        ("crossover/LQR-v0 (gymnasium 1.4.0)", "differs"),
    ):
        made = ELSEWHERE | {"environment": environment}
        rerun = elsewhere(TEN, provenance=made, **rl)
        for seed in range(10):
            rerun = with_seed(rerun, seed, point=(0, "modes", 5.0))
        record = make_record(scores=TEN, provenance=made | {"cpu": "a processor"}, **rl)
        assert compare(record, rerun).outcome == outcome


@pytest.mark.parametrize(
    ("seeds", "cells", "outcome"),
    [
        *((5, 1, "cannot tell"), (6, 1, "differs")),  # 2 / C(12, 6), twice, is 0.0043
        *((6, 5, "cannot tell"), (7, 5, "differs")),  # 2 / C(14, 7), twice, is 0.0012
    ],
)
def test_too_few_seeds_are_told_apart_from_agreement(seeds, cells, outcome):
    """The least p of n against n runs is 2 / C(2 n, n), at each of two endpoints."""
    low, high = np.linspace(1, 2, seeds), np.linspace(8, 9, seeds)
    assert compare(make_record(scores=low), elsewhere(high), cells).outcome == outcome


def test_failures_rank_worst():
    failed = [None] * 10
    assert compare(make_record(scores=TEN), elsewhere(failed)).outcome == "differs"
    assert compare(make_record(scores=failed), elsewhere(failed)).outcome == "agrees"


def test_an_area_that_is_too_good_is_found_too():
    """Equal final scores, but the record claims to learn faster."""
    record, rerun = make_record(scores=TEN), elsewhere(TEN)
    claimed = [s.model_copy(update={"area": 0.9 + 0.001 * s.seed}) for s in record.seeds]
    honest = [s.model_copy(update={"area": 0.5 + 0.001 * s.seed}) for s in rerun.seeds]
    found = compare(
        record.model_copy(update={"seeds": claimed}), rerun.model_copy(update={"seeds": honest})
    )
    assert found.outcome == "differs"
    assert "by the area" in found.why


def differ(n: int, m: int, shift: float, cells: int, runs: int) -> float:
    """The share of simulated cells that differ."""
    rng = np.random.default_rng(7)
    outcomes = [
        compare(make_record(scores=normal(rng, n, shift)), elsewhere(normal(rng, m)), cells).outcome
        for _ in range(runs)
    ]
    assert "cannot tell" not in outcomes
    return outcomes.count("differs") / runs


@pytest.mark.parametrize(
    ("n", "shift", "cells", "stated"),
    [(10, 1.0, 1, 0.18), (10, 2.0, 1, 0.83), (20, 1.5, 1, 0.74), (10, 2.0, 5, 0.61)],
)
def test_a_forged_distribution_is_found_as_often_as_stated(n, shift, cells, stated):
    runs = 400
    error = 3.5 * np.sqrt(stated * (1 - stated) / runs)
    assert differ(n, 10, shift, cells, runs) == pytest.approx(stated, abs=error)


def test_an_honest_cell_elsewhere_differs_as_seldom_as_stated():
    runs = 1000
    assert differ(10, 10, 0.0, 1, runs) <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / runs)
