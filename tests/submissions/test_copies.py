"""What is called a copy, and what is none although numbers agree."""

from __future__ import annotations

import random

import pytest

from bench.submissions import copies
from tests.submissions.found import changed, curve, found, turned

BASE = "ring8/bare"
R1 = "ring8/bare+r1"


def told(own, merged=()) -> list[str]:
    """The problems without files."""
    return [problem.text for problem in copies.problems(list(own), list(merged))]


def jittered(share: float):
    rng = random.Random(0)
    return lambda value: value * (1.0 + share * (2.0 * rng.random() - 1.0))


def test_runs_of_different_cells_and_seeds_are_no_copies() -> None:
    cells = [BASE, R1, "ring8/bare+r2", "lqr/bare", "lqr/bare+r1", "dirac/bare"]
    assert told([found(text) for text in cells]) == []


@pytest.mark.parametrize("share", [0.0, 0.001, 0.004])
def test_a_seed_s_curve_in_another_seed_is_found_though_jittered(share: float) -> None:
    curves = [curve(R1, seed) for seed in range(3)]
    start, *_ = curve(R1, 2)
    curves[2] = [start, *changed(curves[0], jittered(share))[1:]]
    (text,) = told([found(R1, curves)])
    assert text == f"seed 2 has {'nearly ' if share else ''}the curve of another seed"


def test_what_differs_by_more_is_not_called_a_copy() -> None:
    curves = [curve(R1, seed) for seed in range(3)]
    curves[2] = changed(curves[0], jittered(0.05))
    assert told([found(R1, curves)]) == []


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda points: points, ""),
        (turned, ""),
        (lambda points: changed(points, jittered(0.002)), "nearly "),
        (lambda points: turned(changed(points, jittered(0.002))), "nearly "),
    ],
)
def test_another_cell_s_curves_are_found(make, how: str) -> None:
    curves = [make(curve("ring8/bare+r2", seed)) for seed in range(3)]
    (text,) = told([found(R1, curves)], [found("ring8/bare+r2", submission="merged")])
    path = "results/2/merged/ring8/bare+r2.json"
    assert text == f"seeds 0, 1, 2 have {how}the curves of {path}"


def test_a_better_score_over_another_cell_s_losses_is_found() -> None:
    curves = [curve("ring8/bare+r2", seed) for seed in range(3)]
    for points in curves:
        for point in points[1:]:
            point["metrics"]["fid"] *= 0.5
    assert told([found(R1, curves)], [found("ring8/bare+r2", submission="merged")]) != []


def test_cells_that_may_equal_each_other_do() -> None:
    """A placebo, what is inert, and what trains alike and is only looked at otherwise."""
    curves = [curve(BASE, seed) for seed in range(3)]
    cells = [BASE, "ring8/bare+placebo", "ring8/bare+target_network", "ring8/bare+actor_ema"]
    assert told([found(text, curves) for text in cells]) == []
    assert len(told([found(text, curves) for text in (BASE, R1)])) == 1


def test_an_honest_run_of_the_same_cell_takes_another_time() -> None:
    merged = found(BASE, submission="merged")
    assert told([found(BASE, seconds=13.0)], [merged]) == []
    assert len(told([found(BASE)], [merged])) == 1


def test_other_instructions_do_not_give_the_same_numbers() -> None:
    merged = found(BASE, submission="merged", capability="AVX512")
    assert len(told([found(BASE, seconds=13.0, capability="AVX2")], [merged])) == 1


def test_closed_forms_may_agree_between_strategies_but_not_between_seeds() -> None:
    curves = [curve("dirac/bare", seed) for seed in range(3)]
    assert told([found("dirac/bare+r1", curves), found("dirac/bare+r2", curves)]) == []
    (text,) = told([found("dirac/bare", [curves[0], curves[1], curves[0]])])
    assert text == "seed 2 has the curve of another seed"


def test_what_rests_is_nobody_s_copy() -> None:
    """Two runs in which the critic has stopped: the same losses, and gradients of 0."""

    def rest(points):
        at = {"actor_loss": 0.6931472, "critic_loss": 1.386294}
        at |= {"actor_grad_norm": 0.0, "critic_grad_norm": 0.0}
        for point in points[1:]:
            point["metrics"] |= at
        return points

    assert told([found(R1, [rest(curve(R1, seed)) for seed in range(3)])]) == []


def test_only_what_is_checked_is_blamed() -> None:
    one, other = (found(BASE, submission=name) for name in ("a", "b"))
    assert told([], [one, other]) == []
    assert [p.file for p in copies.problems([one], [other])] == [str(one.path)]
