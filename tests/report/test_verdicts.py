"""States of effects, verdicts over two domains, and the weight of evidence."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bench.report import stats, verdicts


def test_state_follows_the_limits():
    def found(low, high, runs=10):
        value = 0.5 * (low + high)
        return SimpleNamespace(
            value=value,
            score=SimpleNamespace(limits=lambda level: (low, high)),
            runs=runs,
            identical=False,
            mixed=lambda alpha: False,
        )

    assert verdicts.state(found(0.51, 0.9), 0.05) == "helps"
    assert verdicts.state(found(0.51, 0.9), 0.06) == "undetermined"
    assert verdicts.state(found(0.51, 0.9), 0.05, 0.01) == "undetermined"
    assert verdicts.state(found(0.1, 0.49), 0.01) == "hurts"
    assert verdicts.state(found(0.41, 0.59), 1.0) == "equivalent"
    assert verdicts.state(found(0.51, 0.59), 0.01) == "equivalent"
    assert verdicts.state(found(0.41, 0.59, runs=9), 1.0) == "undetermined"


VERDICTS = {
    ("helps", "helps"): "transfers",
    ("helps", "equivalent"): "GAN only",
    ("equivalent", "helps"): "RL only",
    ("inert", "helps"): "RL only",
    ("helps", "hurts"): "conflicts",
    ("hurts", "helps"): "conflicts",
    ("equivalent", "equivalent"): "neutral",
    ("inert", "inert"): "neutral",
    ("hurts", "hurts"): "harmful",
    ("hurts", "inert"): "hurts GAN only",
    ("equivalent", "hurts"): "hurts RL only",
    ("mixed", "helps"): "mixed",
    ("inert", "mixed"): "mixed",
    ("mixed", "undetermined"): "undetermined",
}


@pytest.mark.parametrize(("states", "expected"), VERDICTS.items())
def test_verdicts(states, expected):
    assert verdicts.verdict(*states) == expected
    assert expected in verdicts.VERDICTS


@pytest.mark.parametrize("known", ["helps", "hurts", "equivalent", "inert", "missing"])
def test_the_undetermined_is_never_folded_into_no(known):
    for unknown in ("undetermined", "missing"):
        assert verdicts.verdict(known, unknown) == "undetermined"
        assert verdicts.verdict(unknown, known) == "undetermined"


def test_evidence_by_seeds():
    given = [(0, 0), (3, 3), (9, 100), (10, 10), (20, 99), (10, 100), (40, 100)]
    assert [verdicts.evidence(*seeds) for seeds in given] == (
        ["smoke test"] * 3 + ["preliminary"] * 2 + ["claim"] * 2
    )


@pytest.mark.parametrize(
    ("means", "mixed"),
    [
        ((0.9, 0.1), True),  # they cancel
        ((0.9, 0.9, 0.9, 0.1), True),  # on average it helps
        ((0.9, 0.5), False),
        ((0.9, 0.9), False),
        ((0.1, 0.1), False),
        ((0.5, 0.5), False),
    ],
)
def test_cancelling_effects_are_mixed_and_no_difference_is_not(
    means: tuple[float, ...], mixed: bool
) -> None:
    rng, boot = np.random.default_rng(3), stats.Bootstrap(times=200)
    seeds = tuple(range(20))
    found = []
    for number, mean in enumerate(means):
        arms = (stats.Arm(seeds, rng.normal(at, 0.1, 20)) for at in (mean, 0.5))
        found.append(stats.compare(f"task{number}", *arms, boot))
    effect = stats.effect(found)
    assert effect.mixed(0.05) is mixed
    assert (verdicts.state(effect, effect.p) == "mixed") is mixed


def test_mixed_is_a_warning_at_every_look() -> None:
    """Ten runs that all lose have a p of 0.002, which Holm over eight tasks makes 0.015: above the
    first look's level, though no ten runs can say more."""
    rng, boot = np.random.default_rng(4), stats.Bootstrap(times=2)
    found = []
    for number, mean in enumerate([-9.0] * 4 + [2.5] + [0.0] * 3):
        arms = [
            stats.Arm(tuple(range(n)), rng.normal(at, 1.0, n)) for at, n in ((mean, 10), (0, 30))
        ]
        found.append(stats.compare(f"task{number}", *arms, boot))
    effect = stats.effect(found)
    assert effect.task_p[0] > 0.01
    assert verdicts.state(effect, effect.p, 0.01) == "mixed"


def test_chance_is_seldom_mixed() -> None:
    """Of worlds without an effect at most one in twenty; Holm is over eight tasks in two ways."""
    rng, boot = np.random.default_rng(5), stats.Bootstrap(times=2)
    seeds, worlds = tuple(range(10)), 200
    count = 0
    for _ in range(worlds):
        arms = [[stats.Arm(seeds, rng.normal(size=10)) for _ in range(2)] for _ in range(8)]
        found = [stats.compare(f"task{n}", *each, boot) for n, each in enumerate(arms)]
        count += stats.effect(found).mixed(0.05)
    assert count <= 0.05 * worlds
