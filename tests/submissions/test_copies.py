"""What is called a copy, and what is none although numbers agree."""

from __future__ import annotations

import random

import pytest

from bench.experiment import registry
from bench.records.json_file import rounded
from bench.records.store import Found
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
    assert text == f"seed 2 has {'nearly the curve' if share else 'the numbers'} of another seed"


def test_what_differs_by_more_is_not_called_a_copy() -> None:
    curves = [curve(R1, seed) for seed in range(3)]
    curves[2] = changed(curves[0], jittered(0.05))
    assert told([found(R1, curves)]) == []


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda points: points, "the curves"),
        (turned, "the numbers"),
        (lambda points: changed(points, jittered(0.002)), "nearly the curves"),
        (lambda points: turned(changed(points, jittered(0.002))), "nearly the curves"),
    ],
)
def test_another_cell_s_curves_are_found(make, how: str) -> None:
    curves = [make(curve("ring8/bare+r2", seed)) for seed in range(3)]
    (text,) = told([found(R1, curves)], [found("ring8/bare+r2", submission="merged")])
    path = "results/2/merged/ring8/bare+r2.json"
    assert text == f"seeds 0, 1, 2 have {how} of {path}"


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


def only_scores(points):
    """Other losses, the same scores."""
    for point in points[1:]:
        for name in point["metrics"]:
            if name.endswith(("_loss", "_grad_norm")):
                point["metrics"][name] = rounded(point["metrics"][name] * 1.1)
    return points


def one_loss_moved(points):
    points = changed(points, jittered(0.0005))
    points[4]["metrics"]["critic_loss"] *= 1.02
    return points


def one_loss_gone(points):
    points = changed(points, jittered(0.0005))
    points[4]["metrics"]["critic_loss"] = 0.0
    return points


def other_scores(points):
    for point in points[1:]:
        point["metrics"]["fid"] = rounded(point["metrics"]["fid"] * 0.5)
    return points


@pytest.mark.parametrize("change", [only_scores, one_loss_moved, one_loss_gone, other_scores])
def test_a_few_other_numbers_do_not_hide_a_copy(change) -> None:
    curves = [curve(R1, seed) for seed in range(3)]
    start, *_ = curves[2]
    curves[2] = [start, *change(curve(R1, 0))[1:]]
    assert len(told([found(R1, curves)])) == 1
    another = [change(curve("ring8/bare+r2", seed)) for seed in range(3)]
    assert told([found(R1, another)], [found("ring8/bare+r2", submission="merged")]) != []


def test_the_merged_record_of_a_cell_with_a_few_other_numbers_is_found() -> None:
    merged = found(R1, submission="merged", seconds=13.0)
    (text,) = told([found(R1, [other_scores(curve(R1, seed)) for seed in range(3)])], [merged])
    path = "results/2/merged/ring8/bare+r1.json"
    assert text == f"seeds 0, 1, 2 have other numbers than {path} among the same ones"


def scored(share: float):
    """The same training, with scores that differ by rounding or by more."""

    def change(points):
        for index, point in enumerate(points[1:]):
            point["metrics"]["fid"] *= 1.0 + share * (index % 3)
        return points

    return change


@pytest.mark.parametrize(
    ("share", "processor", "count"),
    [(4e-6, "Another", 0), (4e-6, "here", 1), (2e-2, "Another", 1), (0.0, "Another", 0)],
)
def test_equal_training_on_another_processor_is_no_copy(share, processor, count) -> None:
    """As of images on AMD's and Intel's: scores alone are rounded otherwise."""
    curves = [scored(share)(curve(R1, seed)) for seed in range(3)]
    merged = found(R1, submission="merged", seconds=13.0, cpu="here")
    assert len(told([found(R1, curves, cpu=processor)], [merged])) == count
    one_odd = [curves[0], curve(R1, 1), curve(R1, 2)]
    odd = told([found(R1, one_odd, cpu=processor)], [merged])
    assert bool(odd) == bool(count)


def test_another_processor_s_name_hides_no_copy_and_no_withdrawn_record() -> None:
    """A little jitter in the scores, and the merged record's times; or it is withdrawn."""
    curves = [scored(4e-6)(curve(R1, seed)) for seed in range(3)]
    merged = found(R1, submission="merged", seconds=12.0, cpu="here")
    (text,) = told([found(R1, curves, seconds=12.0, cpu="Another")], [merged])
    assert text.startswith("seeds 0, 1, 2 have the curves of ")
    own = found(R1, curves, seconds=13.0, cpu="Another")
    (back,) = copies.problems([own], [merged], lambda path: path == merged.path)
    assert back.text.endswith(", which is withdrawn")


def test_further_seeds_may_keep_other_metrics() -> None:
    """Which are kept depends on the suite's version; what both have is the same."""
    thin = [curve(R1, seed) for seed in range(3)]
    for point in thin[2][1:-3]:
        del point["metrics"]["critic_loss"]
    merged = found(R1, submission="merged", seconds=13.0, cpu="here")
    assert told([found(R1, thin, cpu="Another")], [merged]) == []


def test_runs_that_part_are_no_copies() -> None:
    """By a strategy that acts from half of the budget on, or by rounding."""
    half = [[*curve(BASE, seed)[:6], *curve("ring8/bare+resets", seed)[6:]] for seed in range(3)]
    assert told([found(BASE), found("ring8/bare+resets", half)]) == []
    rounded_half = [
        [*curve(BASE, seed)[:6], *curve(BASE, seed, "rounding")[6:]] for seed in range(3)
    ]
    own = found(BASE, rounded_half, seconds=13.0)
    assert told([own], [found(BASE, submission="merged")]) == []


def parting(like: str, at: int, share: float):
    """The curves of a cell, moved by a share from an evaluation on."""
    curves = [curve(like, seed) for seed in range(3)]
    return [[*points[:at], *changed(points[at:], jittered(share))] for points in curves]


@pytest.mark.parametrize("share", [0.5, 0.004])
@pytest.mark.parametrize("at", [2, 6, 10])
def test_what_acts_late_is_no_copy_of_what_trains_as_its_base(at: int, share: float) -> None:
    """At 10 of 11 evaluations nine in ten losses are the base's, and the averaged actor's."""
    base, ema, late = (f"pendulum/bare{name}" for name in ("", "+actor_ema", "+huber"))
    looked = [curve(base, seed) for seed in range(3)]
    for seed, points in enumerate(looked):
        for point, other in zip(points[1:], curve(ema, seed)[1:], strict=True):
            for metric in registry.task("pendulum").metrics:
                point["metrics"][metric.name] = other["metrics"][metric.name]
    own, others = found(late, parting(base, at, share)), [found(base), found(ema, looked)]
    assert told([own, *others]) == []
    assert told([own], others) == []


def test_what_leaves_another_strategy_s_curve_late_and_little_is_a_copy_of_it() -> None:
    own = found("ring8/bare+r2", parting(R1, 10, 0.004))
    (text,) = told([own], [found(BASE), found(R1, submission="merged")])
    assert text == "seeds 0, 1, 2 have nearly the curves of results/2/merged/ring8/bare+r1.json"


def test_custom_budgets_may_be_too_short_to_part() -> None:
    short = found(BASE).record.model_copy(update={"updates": 40, "cell": "bare@40"})
    items = [Found(found(text).path, short) for text in (BASE, R1)]
    assert told(items) == []


def test_a_withdrawn_record_does_not_come_back() -> None:
    merged = found(BASE, submission="merged")
    own = found(BASE, seconds=13.0)
    problems = copies.problems([own], [merged], lambda path: "merged" in path.parts)
    assert [problem.text for problem in problems] == [
        "seeds 0, 1, 2 have the curves of results/2/merged/ring8/bare.json, which is withdrawn"
    ]


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
