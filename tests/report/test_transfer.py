"""Transfer as prediction, verdicts and decision, in worlds where it is known; Table 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.contribute.catalogue_text import TABLE_1
from bench.experiment import registry
from bench.records.record import Record
from bench.report import correlation, findings, table_1, transfer
from tests.support.factories import make_grid

NAMES = [
    name
    for name, entry in registry.strategies().items()
    if entry.home in transfer.HOMES and not name.startswith(("target_", "spectral", "batch"))
][:24]
SPREAD = np.linspace(-2.0, 2.0, len(NAMES))


def study(rl: np.ndarray, n: int = 20) -> findings.Study:
    """GAN effects from hurting to helping, and these in RL."""
    shifts = {name: (g, r) for name, g, r in zip(NAMES, SPREAD, rl, strict=True)}
    return findings.study(make_grid(shifts, n=n))


@pytest.fixture(scope="module")
def alike() -> transfer.Transfer:
    return transfer.transfer(study(SPREAD), "bare")


@pytest.fixture(scope="module")
def unlike() -> transfer.Transfer:
    return transfer.transfer(study(np.random.default_rng(0).permutation(SPREAD)), "bare")


def test_prediction_finds_what_transfers(alike: transfer.Transfer) -> None:
    found = alike.prediction
    assert found is not None
    assert found.strategies >= 20
    assert found.spearman.value > 0.9
    assert 0.6 < found.spearman.low <= found.spearman.value <= found.spearman.high
    assert found.kendall.value < found.spearman.value
    assert min(found.within["gan"].value, found.across.value) > 0.8
    assert min(found.reliability.values()) > 0.9
    assert found.spearman.value <= found.disattenuated <= 1.0


def test_prediction_finds_nothing_where_nothing_transfers(unlike: transfer.Transfer) -> None:
    found = unlike.prediction
    assert found is not None
    assert found.spearman.low < 0.1
    assert abs(found.spearman.value) < 0.5
    assert found.within["gan"].value > 0.8, "the yardstick does not depend on the other domain"
    assert min(found.reliability.values()) > 0.9


def test_a_decision_costs_little_where_it_transfers(
    alike: transfer.Transfer, unlike: transfer.Transfer
) -> None:
    good, bad = alike.choices["gan"], unlike.choices["gan"]
    assert good.chosen in NAMES[-6:]
    assert good.regret.value < 0.1 < good.random
    assert bad.regret.value > good.regret.value
    assert good.regret.low <= good.regret.value <= good.regret.high + 1e-12


def test_states_and_homes_count_every_strategy_once(alike: transfer.Transfer) -> None:
    assert sum(alike.states.values()) == len(NAMES)
    assert sum(home.strategies for home in alike.homes) == len(NAMES)
    for home in alike.homes:
        if home.home in home.helps:
            assert sum(home.away.values()) == home.helps[home.home]
    assert alike.states.get(("helps", "helps"), 0) > 0
    assert alike.states.get(("helps", "hurts"), 0) == 0


def test_failure_modes_are_those_of_the_tasks(alike: transfer.Transfer) -> None:
    assert set(alike.modes) == {
        (gan, rl) for gan in ("cycling", "mode dropping") for rl in ("cycling",)
    }
    assert alike.modes["cycling", "cycling"].value > 0.8


def test_too_few_strategies_have_no_correlation() -> None:
    shifts = dict.fromkeys(NAMES[: transfer.FEWEST - 1], (1.0, 1.0))
    found = transfer.transfer(findings.study(make_grid(shifts)), "bare")
    assert (found.prediction, found.choices, found.modes) == (None, {}, {})
    assert len(transfer.table(found)) == 0


def test_the_table_says_what_was_found(alike: transfer.Transfer) -> None:
    table = transfer.table(alike).set_index("what")
    assert alike.prediction is not None
    assert table.loc["spearman", "value"] == alike.prediction.spearman.value
    assert set(table.loc["spearman by failure mode", "where"]) == {
        " to ".join(pair) for pair in alike.modes
    }


def test_correlations_are_scipys() -> None:
    rng = np.random.default_rng(4)
    left, right = rng.integers(0, 6, (2, 5, 12)).astype(float)
    for one, other, found in zip(left, right, correlation.correlations(left, right), strict=True):
        assert found == pytest.approx(scipy_stats.spearmanr(one, other).statistic)
    left[0, 3] = math.nan
    found = correlation.correlations(left, right)
    kept = np.arange(12) != 3
    assert found[0] == pytest.approx(scipy_stats.spearmanr(left[0, kept], right[0, kept])[0])
    assert math.isnan(correlation.spearman(np.ones(5), np.arange(5.0)))
    assert math.isnan(correlation.kendall(np.arange(2.0), np.arange(2.0)))


def test_table_1_has_their_rows_and_marks() -> None:
    assert len(table_1.ROWS) == 9
    marks = [mark for row in table_1.ROWS for mark in (row.gan, row.rl)]
    assert (marks.count("yes"), marks.count("not shown"), marks.count("n/a")) == (11, 6, 1)
    assert {name for row in table_1.ROWS for name in row.strategies} <= {*registry.strategies()}


def test_table_1_and_the_catalogue_name_the_same_strategies() -> None:
    rows = [line.split("; ") for line in TABLE_1.strip().splitlines()]
    named = [name for _, names, *_ in rows for name in names.split(", ")]
    assert named == [name for row in table_1.ROWS for name in row.strategies]
    assert [there for there, *_ in rows if there] == [row.paper for row in table_1.ROWS]


def records() -> list[Record]:
    return make_grid({"replay": (4.0, -4.0), "target_network": (0.0, 4.0)}, n=20)


def test_table_1_says_what_is_measured_beside_the_mark() -> None:
    found = {(line.row.paper, line.strategy): line for line in table_1.lines(study_of(records()))}
    replay = found["replay buffers", "replay"]
    assert (replay.word("gan"), replay.word("rl")) == ("helps", "hurts")
    assert (replay.mark("gan"), replay.mark("rl")) == ("not shown", "yes")
    network = found["target networks", "target_network"]
    assert (network.word("gan"), network.mark("gan")) == ("n/a", "n/a")
    assert network.word("rl") == "helps"
    missing = found["compatibility", "compatible_critic"]
    assert missing.word("rl") == ""
    table = table_1.table(study_of(records())).set_index("strategy")
    assert table.loc["replay", "gan_effect"] > 0.95
    assert table.loc["replay", "gan_seeds"] == 20
    assert math.isnan(table.loc["compatible_critic", "rl_effect"])


def study_of(made: list[Record]) -> findings.Study:
    return findings.study(made)
