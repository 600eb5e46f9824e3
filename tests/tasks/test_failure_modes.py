"""Failure modes: numbers of made-up curves, and the metrics that show them where they are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.task import SCORE, Array, FailureMode, area, swing
from bench.scoring import digits_classifier
from bench.tasks import corners100, digits400, ring8, ring8_turning
from bench.tasks.family.mixture import MixtureGan
from tests.support.closed_form import learner

TURNING = ring8_turning.task


class Still(MixtureGan):
    """The same ring, which never turns."""

    name, mixture, anchors = "still", TURNING.mixture, TURNING.anchors


STILL = Still()


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        # The mean; what the second half takes back, per move.
        ([0.5, 0.5, 0.5, 0.5], (0.5, 0.0)),
        ([0.0, 0.4, 0.8, 0.8], (0.5, 0.0)),
        ([0.0, 1.0, 0.2, 0.6, 0.1, 0.5], (0.4, 0.4)),
        ([1.0, 0.0, 0.5, 0.0, -0.5], (0.2, 0.0)),
        ([1.0, 0.0, 0.5, 0.0, 0.5], (0.4, 0.5)),
        ([0.3], (0.3, 0.0)),
    ],
)
def test_numbers_of_a_curve(curve: Sequence[float], expected: tuple[float, ...]) -> None:
    assert (area(curve), swing(curve)) == pytest.approx(expected)


def test_a_failure_is_shown_at_its_bound_and_beyond() -> None:
    above = FailureMode("saturating critic", "certainty", "above", 0.9)
    below = FailureMode("mode dropping", "modes", "below", 6.0)
    assert [above.shown(x) for x in (0.89, 0.9, 0.91, math.nan)] == [False, True, True, False]
    assert [below.shown(x) for x in (5.9, 6.0, 6.1, math.nan)] == [True, True, False, False]


def test_a_failure_is_measured_in_the_window_or_on_the_whole_curve() -> None:
    points = [{"modes": x, "other": 99.0} for x in (1.0, 8.0, 6.0, 4.0)]
    scores = [0.0, 1.0, 0.25, 0.75]
    modes = FailureMode("mode dropping", "modes", "below", 6.0)
    assert modes.measured(points, scores, 3) == pytest.approx(6.0)
    assert modes.measured(points, scores, 1) == 4.0
    assert modes.measured(points, scores, 10) == pytest.approx(4.75)
    score = FailureMode("cycling", "swing of score", "above", 0.1)
    assert score.measured(points, scores, 3) == 0.0
    assert score.measured(points, [0.0, 1.0, 0.25, 0.75, 0.25], 3) == 0.5
    other = FailureMode("cycling", "swing of modes", "above", 0.1)
    assert other.measured([*points, {"modes": 5.0}, {"modes": 4.0}], scores, 3) == 1.0


def test_failures_are_of_metrics_that_there_are() -> None:
    """And every counted task declares one."""
    for name, task in registry.tasks().items():
        if task.failure is not None:
            assert task.failure.read in {SCORE, *(metric.name for metric in task.metrics)}, name
        if task.domain in ("gan", "rl") and task.tier == "core":
            assert task.failure is not None, name


# A ring that turns


def drawn(task: Any, step: int) -> tuple[Array, Array]:
    """The actor's and the real rows of a fresh batch at this update."""
    what, key = learner("ring8_turning"), rng.fold(rng.seed_key(0), 7)
    actor = what.init(key).players.actor
    made = task.fresh(
        lambda obs, use: what.act(actor, obs, use), key, torch.tensor(step), task.blank(0)
    )
    own, real = made.action.detach().split(task.batch_rows)
    return own.numpy(), real.numpy()


def turned(points: Array, modes: float) -> Array:
    """Points turned to the left by this many of the ring's eight modes."""
    angle = 2.0 * math.pi / 8.0 * modes
    cosine, sine = math.cos(angle), math.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("turns", [0, 1, 9])
def test_the_ring_turns_by_one_mode_in_a_period(turns: int, share: float) -> None:
    step = turns * TURNING.period + round(share * TURNING.period)
    (own, real), (same, still) = drawn(TURNING, step), drawn(STILL, step)
    assert np.array_equal(own, same)
    assert real == pytest.approx(turned(still, share), abs=1e-5)
    if share == 0.0:
        assert np.array_equal(real, still)


@pytest.mark.parametrize("behind", [-0.25, 0.0, 0.1, 0.25])
def test_the_lag_is_how_far_samples_are_behind(behind: float) -> None:
    real = TURNING.mixture.sample(rng.seed_key(1), TURNING.samples).double().numpy()
    garbage = np.random.default_rng(0).normal(size=(200, 2)) * 0.3
    found = TURNING.judge(np.concatenate([turned(real, -behind), garbage]), no_critic)
    # Four standard errors: 0.05 / 2 of an angle is 0.032 modes, over the root of 2,500 samples.
    assert found["lag"] == pytest.approx(behind, abs=2.6e-3)
    assert math.isnan(TURNING.judge(garbage, no_critic)["lag"])


def no_critic(*_: Any, **__: Any) -> Any:
    raise AssertionError("lag and scores are of samples alone")


@pytest.mark.parametrize("updates", [TURNING.updates, 10_000, 4_000])
def test_the_ring_is_judged_where_it_stands_as_at_first(updates: int) -> None:
    marks = TURNING.eval_updates(updates)
    assert marks[0] == 0
    assert marks[-1] == updates
    assert all(mark % TURNING.period == 0 for mark in marks)
    assert marks == sorted(set(marks))


def test_every_evaluation_of_the_budget_is_kept() -> None:
    assert TURNING.eval_updates(TURNING.updates) == ring8.task.eval_updates(TURNING.updates)
    assert TURNING.eval_updates(21_000) == [*range(0, 18_001, 2_000), 21_000]


# Critics that know their data, or everything


def test_four_hundred_digits_are_every_fourth() -> None:
    images, labels = digits_classifier.digits()
    known = digits400.known()
    assert np.flatnonzero(known).tolist() == list(range(0, 1600, 4))
    assert all(30 <= count <= 50 for count in np.bincount(labels[known]))  # all classes alike
    mine = digits400.task.images(torch.device("cpu")).numpy()
    assert mine == pytest.approx(images[known], abs=1e-6)
    rows = digits400.task.real(rng.seed_key(0), 6000).numpy()
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in mine}


def test_overfitting_is_how_often_known_data_are_preferred() -> None:
    task, known = digits400.task, digits400.known()
    samples = task.real(rng.seed_key(0), task.samples).numpy()

    def overfit(q: Array) -> float:
        return task.judge(samples, lambda obs, action, **_: q[: len(action)])["overfit"]

    assert overfit(np.full(len(known), 3.0)) == 0.5
    assert overfit(known.astype(float)) == 1.0
    assert overfit(-known.astype(float)) == 0.0
    half = known & (np.cumsum(known) % 2 == 0)  # half of its data, all else alike
    assert overfit(half.astype(float)) == pytest.approx(0.75)
    assert overfit(np.random.default_rng(0).normal(size=len(known))) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("q", "expected"), [(0.0, 0.0), (-40.0, 1.0), (40.0, -1.0)])
def test_certainty_is_that_samples_are_made(q: float, expected: float) -> None:
    task = corners100.task
    points = task.mixture.sample(rng.seed_key(0), 200).numpy()
    found = task.judge(points, lambda obs, action, **_: np.full(len(action), q, np.float32))
    assert found["certainty"] == pytest.approx(expected)
    part = task.judge(points, lambda obs, action, **_: np.full(len(action), -math.log(3.0)))
    assert part["certainty"] == pytest.approx(0.5)  # 1 - 2 / 4
