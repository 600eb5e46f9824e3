"""States of effects, verdicts over two domains, and the weight of evidence."""

from __future__ import annotations

import numpy as np
import pytest

from bench.report import stats, verdicts


def test_state_follows_the_limits():
    def found(low, high, runs=10):
        return stats.Effect(0.5 * (low + high), low, high, 0.01, runs, ("t",), False, np.zeros(1))

    assert verdicts.state(found(0.51, 0.9), 0.05) == "helps"
    assert verdicts.state(found(0.51, 0.9), 0.06) == "undetermined"
    assert verdicts.state(found(0.50, 0.9), 0.01) == "undetermined"
    assert verdicts.state(found(0.1, 0.49), 0.01) == "hurts"
    assert verdicts.state(found(0.41, 0.59), 1.0) == "equivalent"
    assert verdicts.state(found(0.51, 0.59), 0.01) == "equivalent"
    assert verdicts.state(found(0.41, 0.59, runs=4), 1.0) == "undetermined"


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
    assert [verdicts.evidence(n) for n in (0, 3, 4, 5, 9, 10, 50)] == (
        ["smoke test"] * 3 + ["preliminary"] * 2 + ["claim"] * 2
    )
