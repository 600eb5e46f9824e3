"""Counted tasks have headroom, tried on seeds that no result uses, and budgets that are known."""

from __future__ import annotations

import pytest

from bench.contribute import headroom
from bench.contribute.headroom import Outcome
from bench.experiment import registry

COUNTED = sorted(name for name, task in registry.tasks().items() if task.failure is not None)
BOTH = {"overfitting critic", "saturating critic", "moving target", "cycling"}


def test_there_are_eight_in_each_domain() -> None:
    domains = [registry.task(name).domain for name in COUNTED]
    assert domains.count("gan") >= 8
    assert domains.count("rl") >= 8
    assert {*domains} == {"gan", "rl"}


def test_every_core_task_of_a_domain_of_verdicts_is_counted() -> None:
    core = [t.name for t in registry.tasks().values() if t.tier == "core"]
    assert sorted(n for n in core if registry.task(n).domain in ("gan", "rl")) == COUNTED


def test_failure_modes_that_both_domains_have_are_in_both() -> None:
    kinds = {
        domain: {
            task.failure.kind
            for task in registry.tasks().values()
            if task.failure is not None and task.domain == domain
        }
        for domain in ("gan", "rl")
    }
    assert kinds["gan"] & kinds["rl"] == BOTH
    assert "mode dropping" in kinds["gan"]
    assert {"lost exploration", "overestimation"} <= kinds["rl"]


@pytest.mark.parametrize("name", COUNTED)
def test_a_counted_task_has_headroom(name: str) -> None:
    found = headroom.headroom(name)
    assert found.tried >= 12
    assert found.room, f"the reference base ends at {found.final}, area {found.area}"
    assert found.sides, f"{found.wins}, {found.loses}"


@pytest.mark.parametrize("name", COUNTED)
def test_its_budget_ends_on_the_plateau_or_it_says_that_it_measures_speed(name: str) -> None:
    found = headroom.headroom(name)
    assert found.plateau or registry.task(name).measures_speed, (found.moved, found.spread)


@pytest.mark.parametrize("name", COUNTED)
def test_outcomes_are_of_seeds_that_no_result_uses_and_have_a_base_of_their_device(
    name: str,
) -> None:
    own = [one for one in headroom.kept() if one.cell.startswith(f"{name}/")]
    assert {seed for one in own for seed in one.seeds} == set(headroom.SEEDS)
    # Where some were tried on another device, so was the base.
    assert {one.device for one in own if one.cell == f"{name}/reference"} == {
        one.device for one in own if one.cell.startswith(f"{name}/reference+")
    }


def made(final: tuple[float | None, ...], **parts: object) -> Outcome:
    numbers = {"area": final, "curve": (0.0,) * 11} | parts
    return Outcome(cell="ring8/reference", seeds=tuple(range(len(final))), final=final, **numbers)  # type: ignore[arg-type]


def test_improvement_by_hand() -> None:
    """Over pairs of other seeds: ties below 0.01 count one half, failed runs lose."""
    base = made((0.5, 0.5, None))
    better = made((0.505, 0.6, 0.4))
    # (0, 1) tie, (0, 2) won; (1, 0) won, (1, 2) won; (2, 0) lost, (2, 1) lost.
    assert headroom.improvement(better, base, "final") == pytest.approx(3.5 / 6)
    assert headroom.improvement(base, better, "final") == pytest.approx(2.5 / 6)
    exactly = made((0.51, 0.51, 0.51))
    assert headroom.improvement(exactly, made((0.5, 0.5, 0.5)), "final") == 1.0  # 0.01 is no tie


def test_a_trial_keeps_what_its_task_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    task = registry.task("ring8_turning")
    monkeypatch.setattr(type(task), "updates", 3000)
    monkeypatch.setattr(type(task), "compiled", False)
    one = headroom.tried("ring8_turning/bare", seeds=(1000, 1001))
    assert len(one.final) == len(one.area) == 2
    assert len(one.curve) == len(task.eval_updates(3000))
    assert one.curve[0] == pytest.approx(0.0, abs=0.05)
