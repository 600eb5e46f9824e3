"""Tuned settings against the tuned base, published ones against the published base."""

from __future__ import annotations

import pytest

from bench.records.record import Record
from bench.report import findings
from bench.report.cells import Key
from bench.report.grounds import Grounds
from bench.report.tuning import compared, table
from tests.support.factories import make_record, normal_scores

TASKS = {"ring8": "gan", "pendulum": "rl"}
LABELS = ("", "~tuned", "huber", "huber~tuned")
BASE, TUNED_BASE, HUBER, TUNED_HUBER = LABELS


def record(task: str, label: str, mean: float, base: str = "reference") -> Record:
    """Ten runs around a mean score, of which more is better."""
    strategy, tilde, _ = label.partition("~")
    return make_record(
        task=task,
        domain=TASKS[task],
        base=base,
        strategy=strategy or None,
        better="higher",
        scores=normal_scores(task + label, mean, 0.01, 10),
        cell=base + (f"+{strategy}" if strategy else "") + ("~tuned" if tilde else ""),
        settings_from="tuned" if tilde else "published",
    )


def study(**means: float) -> findings.Study:
    """Means of the base, the tuned base, huber and tuned huber, on every task."""
    names = dict(zip(("base", "tuned_base", "huber", "tuned_huber"), LABELS, strict=True))
    return findings.study([record(t, names[n], mean) for t in TASKS for n, mean in means.items()])


def test_each_is_compared_with_the_base_of_its_own_settings() -> None:
    """Tuning gains huber much and the base more: what was better is worse."""
    found = study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5)
    effects = found.tasks[0].effects["final"]
    assert effects[Key("reference", "", HUBER)].value > 0.9
    assert effects[Key("reference", "", TUNED_HUBER)].value < 0.1
    assert effects[Key("reference", "", TUNED_BASE)].value > 0.9  # against the published base


def test_without_a_tuned_base_a_tuned_cell_is_compared_with_nothing() -> None:
    found = study(base=1.0, huber=1.5, tuned_huber=2.5)
    assert Key("reference", "", TUNED_HUBER) not in found.tasks[0].effects["final"]
    assert Key("reference", "", HUBER) in found.tasks[0].effects["final"]


def test_a_base_that_has_nothing_to_tune_is_its_own_tuned_base() -> None:
    made = [record(t, label, mean, "bare") for t in TASKS
            for label, mean in ((BASE, 1.0), (TUNED_HUBER, 2.0))]  # fmt: skip
    effects = findings.study(made).tasks[0].effects["final"]
    assert effects[Key("bare", "", TUNED_HUBER)].value > 0.9


@pytest.mark.parametrize("order", [1, -1])
def test_a_tuned_base_is_never_taken_for_the_published_one(order: int) -> None:
    bases = [record("ring8", BASE, 1.0), record("ring8", TUNED_BASE, 3.0)][::order]
    grounds = Grounds.of([(each, "") for each in bases], bases)
    published = bases[::order][0]
    assert [grounds.base(each) for each in bases] == [published, published]


def test_the_rows_are_the_base_and_every_tuned_strategy_beside_the_published() -> None:
    rows = compared(study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5))
    assert [(row.base, row.label) for row in rows] == [("reference", ""), ("reference", "huber")]
    gains, huber = rows
    for domain in ("gan", "rl"):
        assert gains.effect(domain, "published") is None
        assert gains.effect(domain, "tuned").value > 0.9
        assert huber.effect(domain, "published").value > 0.9
        assert huber.effect(domain, "tuned").value < 0.1
    assert gains.changed is None
    frame = table(rows)
    assert frame.tuned_rl_effect[1] == huber.effect("rl", "tuned").value
    assert frame.published_gan_seeds.tolist() == [0, 10]


def test_no_row_without_tuned_records() -> None:
    assert compared(study(base=1.0, huber=1.5)) == []


def test_a_tuned_base_is_no_strategy() -> None:
    """It has no verdict, no page and no row among the strategies."""
    found = study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5)
    assert [row.label for row in found.findings["reference"]] == [HUBER, TUNED_HUBER]
