"""Every task says which values are possible, and saying so makes no record stale."""

from __future__ import annotations

import math

import pytest

from bench.experiment import registry, spec
from bench.learner.task import diagnostics
from bench.submissions.ranges import ranges, within_range

UNBOUNDED = {"kid"}
"""An unbiased estimate may be a little below its least value."""


@pytest.mark.parametrize("name", registry.tasks())
def test_no_score_can_be_better_than_possible(name: str) -> None:
    task = registry.task(name)
    found = ranges(task)
    assert found.keys() == {metric.name for metric in (*task.metrics, *diagnostics(task))}
    for metric in task.metrics:
        least, most = found[metric.name]
        best = {"higher": most, "lower": least, "neither": 0.0}[metric.better]
        assert math.isfinite(best) or metric.name in UNBOUNDED, metric
        assert least < most
    assert all(within_range(score, *found[task.metrics[0].name]) for score in anchors(task))


def anchors(task) -> tuple[float, float]:
    return task.anchors.low, task.anchors.high


@pytest.mark.parametrize(
    ("task", "metric", "bounds"),
    [
        ("ring8", "fid", (0, math.inf)),
        ("ring8", "modes", (0, 8)),
        ("grid25", "modes", (0, 25)),
        ("stacked_digits", "modes", (0, 1000)),
        ("ring8", "high_quality", (0, 1)),
        ("ring8", "critic_grad_norm", (0, math.inf)),
        ("ring8", "critic_loss", (-math.inf, math.inf)),
        ("digits", "is", (1, 10)),
        ("cifar10", "is", (1, 1008)),
        ("digits", "kid", (-math.inf, math.inf)),
        ("ring8_info", "information", (0, 2.0795)),
        ("pendulum", "return", (-3255, 0)),
        ("reacher", "return", (-math.inf, 0)),
        ("lqr", "cost_ratio", (1, math.inf)),
        ("lqr_imitation", "return", (-math.inf, 0)),
        ("inverted_pendulum", "return", (0, 1000)),
        ("pendulum", "bounded", (0, 1)),
        ("pendulum", "critic_bias", (-math.inf, math.inf)),
    ],
)
def test_bounds_of_a_few(task: str, metric: str, bounds: tuple[float, float]) -> None:
    assert ranges(registry.task(task))[metric] == bounds


@pytest.mark.parametrize(
    ("value", "inside"),
    [(0.0, True), (1.0, True), (-1e-6, True), (1.000001, True), (-0.001, False), (1.001, False)],
)
def test_float32_may_round_beyond_a_bound(value: float, inside: bool) -> None:
    assert within_range(value, 0.0, 1.0) is inside


def test_a_task_s_declaration_is_no_part_of_the_hash() -> None:
    name = "bench.tasks.family.mixture"
    text = registry.task("ring8").__class__.__mro__[1].__module__
    assert text == name
    source = spec._source(name)
    assert "RANGES = " in source
    other = source.replace('"modes": (0,', '"modes": (-1,')
    assert other != source
    assert spec.code_hash(other, name) == spec.code_hash(source, name)
    assert spec.code_hash(other.replace("64", "65"), name) != spec.code_hash(source, name)
