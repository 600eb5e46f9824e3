"""What strategies do together: simulated worlds in which the answer is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.records.record import Record
from bench.report import findings, pages, pairs, stats
from bench.report.arms import members, title
from bench.report.pair_tables import EVERY, pair_table, part_table
from tests.report.html_page import parse
from tests.support.factories import PROVENANCE, make_record

GANS = ("ring8", "digits", "grid25", "corners100")
Shifts = dict[str | None, float]
"""Strategies -> by how many standard deviations their scores are better than the base's."""


def world(shifts: Shifts, *, n: int = 10, seed: int = 0, **more: Any) -> list[Record]:
    """Four GAN tasks; scores are normal, and better by as many deviations as `shifts` say."""
    return [
        make_record(task=task, strategy=name, scores=scores(task, name, shift, n, seed), **more)
        for task in GANS
        for name, shift in {None: 0.0, **shifts}.items()
    ]


def scores(task: str, name: str | None, shift: float, n: int, seed: int = 0) -> list[float]:
    """Distances that depend on nothing else; the order of names does not matter either."""
    label = f"{task} {'+'.join(sorted((name or '').split('+')))}"
    rng = np.random.default_rng([seed, *label.encode()])
    return (9.0 - shift - rng.standard_normal(n)).tolist()


def table(records: list[Record]) -> pd.DataFrame:
    return pair_table(findings.study(records))


def only(records: list[Record]) -> Any:
    """The one combination's row, over the domain."""
    found = table(records)
    (row,) = found[found.task == EVERY].itertuples()
    return row


def pair(first: float, second: float, both: float, **more: Any) -> Any:
    return only(world({"r1": first, "r2": second, "r1+r2": both}, **more))


def test_a_planted_synergy_is_found() -> None:
    row = pair(0.3, 0.3, 2.5)
    assert row.word == "synergy"
    assert row.interaction_low > 0.0
    assert row.against_better_low > 0.5
    assert (row.base, row.combination, row.domain, row.tasks) == ("bare", "r1+r2", "gan", 4)


def test_a_planted_antagonism_is_found() -> None:
    row = pair(1.5, 0.8, 0.0)
    assert row.word == "antagonism"
    assert row.interaction_high < 0.0
    assert row.better == "r1"
    assert row.against_better < 0.5
    assert row.p_against_better < 0.001


def test_what_harms_less_together_is_no_synergy() -> None:
    """More than the sum, yet not better than each: two that hurt, and as much together."""
    row = pair(-1.5, -1.5, -1.6)
    assert row.interaction_low > 0.0
    assert row.p_interaction < 0.01
    assert (row.word, row.p_adjusted) == ("undetermined", 1.0)


@pytest.mark.parametrize(
    ("first", "second"), [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.5, -1.0), (2.0, 2.0), (3.0, 3.0)]
)
def test_what_adds_up_is_neither(first: float, second: float) -> None:
    """Also beyond what ten seeds can show, where two sure winners are together one more.

    At most one claim in twenty is false: of twelve worlds, more than two are no chance.
    """
    words = Counter(pair(first, second, first + second, seed=seed).word for seed in range(12))
    assert words["synergy"] == 0
    assert words["antagonism"] <= 2


def test_with_many_seeds_what_adds_up_is_additive() -> None:
    assert pair(0.5, 0.5, 1.0, n=100).word == "additive"


def test_few_seeds_are_undetermined_however_large() -> None:
    assert pair(0.0, 0.0, 9.0, n=9).word == "undetermined"
    assert pair(0.0, 0.0, 9.0, n=10).word == "synergy"


def test_two_sure_winners_are_not_antagonistic() -> None:
    """All three always win: how they add up cannot be seen, and the interval says so."""
    row = pair(20.0, 20.0, 40.0)
    assert row.together == 1.0
    assert row.interaction == 0.0
    assert row.interaction_low < -2.0 < 0.0 <= row.interaction_high


def test_three_are_compared_with_each_and_with_their_sum() -> None:
    alone = {"r1": 0.0, "r2": 0.0, "relativistic": 0.0}
    two = {"r1+r2": 0.0, "r1+relativistic": 0.0, "r2+relativistic": 0.0}
    records = world({**alone, **two, "r1+r2+relativistic": 2.5})
    found = table(records)
    words = dict(found[found.task == EVERY][["combination", "word"]].itertuples(index=False))
    assert words.pop("r1+r2+relativistic") == "synergy"
    assert set(words) == {*two}
    assert "synergy" not in words.values()
    parts = part_table(findings.study(records))
    inside = parts[(parts.kit == "r1+r2+relativistic") & (parts.task == EVERY)]
    assert {*inside.part} == {*alone}
    assert {*inside.state} == {"helps"}


def test_the_order_of_names_does_not_matter() -> None:
    shifts = {"r1": 0.3, "r2": 0.5, "r1+r2": 2.0}
    turned = {"r2+r1" if name == "r1+r2" else name: shift for name, shift in shifts.items()}
    pd.testing.assert_frame_equal(table(world(shifts)), table(world(turned)))


def test_a_kit_is_its_parts() -> None:
    pair = ("ddpg", "replay+target_network", "target_network+replay")
    names = [members(make_record(task="lqr", domain="rl", strategy=name)) for name in pair]
    assert len({*names}) == 1
    assert title(members(make_record(strategy="sngan"))) == "sngan"
    parts = {"critic_steps", "low_beta1_0", "spectral_norm"}
    assert members(make_record(strategy="sngan")) == parts


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"base": "reference"}, {"low_beta1", "r1"}),
        ({"base": "reference", "strategy": "r1", "contrast": "removed"}, {"low_beta1"}),
        ({"base": "reference", "strategy": "r2"}, {"low_beta1", "r1", "r2"}),
        ({"base": "reference", "strategy": "r2", "instead_of": "r1"}, {"low_beta1", "r2"}),
        ({"base": "reference", "strategy": "low_beta1_0"}, {"low_beta1_0", "r1"}),
        ({"base": "reference", "strategy": "r1+r2"}, {"low_beta1", "r1", "r2"}),
    ],
)
def test_members_are_the_active_strategies(record: dict[str, Any], found: set[str]) -> None:
    assert members(make_record(**record)) == found


def test_on_the_kit_a_pair_is_measured_by_taking_its_parts_out() -> None:
    """r1 is in the kit of GANs: without both, with r2 for r1, as it is, and with r2 besides."""
    cells: list[tuple[float, dict[str, Any]]] = [
        (0.0, {"strategy": "r1", "contrast": "removed"}),
        (0.2, {}),
        (0.2, {"strategy": "r2", "instead_of": "r1"}),
        (2.5, {"strategy": "r2"}),
    ]
    records = [
        make_record(
            task=task,
            base="reference",
            scores=scores(task, str(cell), shift, 10),
            **cell,
        )
        for task in GANS
        for shift, cell in cells
    ]
    row = only(records)
    assert (row.base, row.combination, row.word) == ("reference", "r1+r2", "synergy")
    assert only(records[:12]).tasks == 3
    assert table([r for r in records if r.instead_of is None]).empty


def moved(record: Record) -> Record:
    """The same ranking in another unit: the exponential of every score."""

    def change(value: float | None) -> float | None:
        return None if value is None else float(np.exp(value))

    seeds = [seed.model_copy(update={"score": change(seed.score)}) for seed in record.seeds]
    return record.model_copy(update={"seeds": seeds})


def test_a_change_of_unit_changes_nothing() -> None:
    records = world({"r1": 0.3, "r2": -0.4, "r1+r2": 1.2})
    pd.testing.assert_frame_equal(table(records), table([moved(record) for record in records]))


def test_a_failed_run_is_the_worst() -> None:
    records = world({"r1": 0.3, "r2": 0.3, "r1+r2": 2.5})
    failed = [
        make_record(task=r.task, strategy=r.strategy, scores=[None] * 10)
        if r.strategy == "r1+r2"
        else r
        for r in records
    ]
    row = only(failed)
    assert row.word == "antagonism"
    assert row.together == 0.0


def test_only_tasks_with_every_arm_on_which_all_act_count() -> None:
    records = world({"r1": 0.3, "r2": 0.3, "r1+r2": 2.5})
    fewer = [r for r in records if (r.task, r.strategy) != ("digits", "r2")]
    found = table(fewer)
    assert {*found.task} == {EVERY, *GANS} - {"digits"}
    inert = {"replay": 0.0, "target_network": 0.0, "replay+target_network": 3.0}
    assert table(world(inert)).empty  # discount 0


def test_arms_of_another_processor_are_not_compared() -> None:
    records = world({"r1": 0.3, "r2": 0.3, "r1+r2": 2.5})
    elsewhere = {"provenance": {**PROVENANCE, "environment": None, "cpu": "another"}}
    mixed = [
        make_record(task=r.task, strategy="r2", scores=[s.score for s in r.seeds], **elsewhere)
        if r.strategy == "r2"
        else r
        for r in records
    ]
    assert table(mixed).empty


def test_p_is_adjusted_over_the_combinations_of_a_base() -> None:
    one = {"r1": 0.3, "r2": 0.3, "r1+r2": 1.4}
    more = {"dropout": 0.0, "layer_norm": 0.0, "dropout+layer_norm": 0.0}
    alone, beside = only(world(one)), table(world({**one, **more}))
    row = next(beside[(beside.combination == "r1+r2") & (beside.task == EVERY)].itertuples())
    assert alone.p_adjusted == max(alone.p_interaction, alone.p_against_better)
    assert row.p_adjusted == min(1.0, 2.0 * alone.p_adjusted)


def test_a_part_of_a_kit_is_judged_inside_it() -> None:
    """Of WGAN-GP the penalty does it all here, and fewer steps of the actor nothing."""
    shifts = {
        "wgan_gp": 2.0,
        "critic_steps+gradient_penalty": 2.0,
        "critic_steps+low_beta1_0": 0.0,
        "gradient_penalty+low_beta1_0": 3.5,
    }
    found = part_table(findings.study(world(shifts)))
    states = dict(found[found.task == EVERY][["part", "state"]].itertuples(index=False))
    assert states == {
        "gradient_penalty": "helps",
        "critic_steps": "hurts",
        "low_beta1_0": states["low_beta1_0"],
    }
    assert states["low_beta1_0"] not in {"helps", "hurts"}
    assert {*found.kit} == {"wgan_gp"}


def test_the_bound_is_half_a_step() -> None:
    boot, seeds = stats.Bootstrap(), tuple(range(10))
    arms = [stats.Arm(seeds, np.arange(10.0) + shift) for shift in (0.0, 100.0)]
    won = stats.compare("a", arms[1], arms[0], boot)
    assert won.value == 1.0
    assert pairs._half_step(won) == 1 / 400


def test_pages_show_the_tables_and_link_them(tmp_path: Path) -> None:
    shifts = {"r1": 0.3, "r2": 0.3, "r1+r2": 2.5}
    written = pages.build_report(world(shifts), tmp_path, None)
    page = parse(tmp_path / "pairs.html")
    assert "tables/pairs.csv" in page.links
    assert "pairs.html" in parse(tmp_path / "index.html").links
    assert tmp_path / "tables" / "pairs.csv" in written
    kept = pd.read_csv(tmp_path / "tables" / "pairs.csv", keep_default_na=False)
    assert list(kept.word)[:2] == ["synergy", ""]
    other = pages.build_report(world({"r1": 0.0}), tmp_path / "other", None)
    assert not [path for path in other if path.name == "pairs.csv"]
    assert "pairs.html" not in parse(tmp_path / "other" / "index.html").links
    assert not (tmp_path / "other" / "pairs.html").exists()
