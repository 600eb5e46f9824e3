"""Pairs of strategies: what "a*b" and "ablations" stand for, and one name for each learner."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bench.experiment import kits, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import Grid, load_grid
from bench.experiment.registry import UnknownName
from bench.experiment.spec import spec_hash


def names(strategies: list[str], task: str, base: str) -> list[str]:
    raw = {"about": "a", "tasks": [task], "strategies": strategies, "bases": [base]}
    found = Grid.model_validate(raw).cells()
    return [cell.name for cell in found if cell.strategy not in {"placebo", "harmful"}]


def test_a_cross_is_each_alone_and_all_that_they_make_together() -> None:
    three = {"r1", "r2", "relativistic", "r1+r2", "r1+relativistic", "r2+relativistic"}
    expected = {"bare", *(f"bare+{name}" for name in {*three, "r1+r2+relativistic"})}
    for text in ("relativistic*r1*r2", "r2*r1*relativistic"):
        found = names([text], "ring8", "bare")
        assert found[0] == "bare"
        assert len(found) == len(set(found)) == 8
        assert set(found) == expected


@pytest.mark.parametrize(
    ("cross", "task", "expected"),
    [
        ("r1*r2", "ring8", {"-r1", "", "-r1+r2", "+r2"}),
        (
            "replay*target_network",
            "pendulum",
            {"", "-replay", "-target_network", "-replay-target_network"},
        ),
        ("dropout*layer_norm", "pendulum", {"", "+dropout", "+layer_norm", "+dropout+layer_norm"}),
    ],
)
def test_on_a_base_that_has_one_of_them_the_other_arms_are_without_it(
    cross: str, task: str, expected: set[str]
) -> None:
    """All four arms, and no learner twice, as `reference+r1+r2` beside `reference+r2` would be."""
    found = names([cross], task, "reference")
    assert set(found) == {f"reference{end}" for end in expected}
    active = {Cell.parse(f"{task}/{name}").strategies for name in found}
    assert len(active) == len(found) == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("r1*replya", "unknown strategy 'replya'; did you mean 'replay'?"),
        ("r1*", "'r1*' crosses ''; cross strategies alone, as in r1*r2"),
        ("r1*r1", "'r1*r1' holds a name twice; write each once"),
        ("r1*td3", "'r1*td3' crosses 'td3'; cross strategies alone, as in r1*r2"),
        ("r1*r2+replay", "crosses 'r2+replay'; cross strategies alone"),
        ("r1*r2-replay", "crosses 'r2-replay'; cross strategies alone"),
        ("r1@critic*r2", "crosses 'r1@critic'; cross strategies alone"),
        ("r1 * r2", "crosses 'r1 '; cross strategies alone"),
        ("ablations+r1", "unknown strategy 'ablations'"),
    ],
)
def test_what_cannot_be_crossed_is_named(given: str, message: str) -> None:
    with pytest.raises((BadGrid, UnknownName)) as error:
        names([given], "dirac", "bare")
    assert message in str(error.value)


@pytest.mark.parametrize("kit", list(kits.KITS))
@pytest.mark.parametrize("task", ["ring8", "pendulum"])
def test_a_kit_is_the_sum_of_its_parts(kit: str, task: str) -> None:
    """To the setting: what is left without one part has the kit's settings, not the defaults."""
    parts = kits.parts(kit)
    assert parts == tuple(sorted(parts))
    assert spec_hash(Cell(task, "bare", "+".join(parts))) == spec_hash(Cell(task, "bare", kit))
    whole = Cell(task, "bare", kit).settings()
    for part in parts if len(parts) > 1 else ():
        rest = "+".join(other for other in parts if other != part)
        assert rest in kits.ablations()
        (lost,) = kits.KITS.get(part, (part,))
        left = {name: settings for name, settings in whole.items() if name != lost}
        assert Cell(task, "bare", rest).settings() == left


def test_a_setting_that_has_no_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kits, "KIT_SETTINGS", {"sngan": {"low_beta1": {"beta1": 0.2}}})
    with pytest.raises(LookupError, match="no kit is low_beta1 with"):
        kits.parts("sngan")


def test_a_strategy_with_a_kits_setting_changes_a_base_that_has_the_strategy() -> None:
    cell = Cell("ring8", "reference", "low_beta1_0")
    assert (cell.name, cell.contrast) == ("reference+low_beta1_0", "added")
    assert cell.settings()["low_beta1"] == {"beta1": 0.0}
    assert cell.strategies == Cell("ring8", "reference").strategies
    assert Cell.parse("ring8/reference-r1+low_beta1_0").strategies == ("low_beta1",)


def test_the_grid_has_every_arm_once() -> None:
    cells = load_grid("pairs").cells()
    learners = Counter(
        (cell.task, cell.base, cell.strategies, json.dumps(cell.settings(), sort_keys=True))
        for cell in cells
    )
    assert set(learners.values()) == {1}
    bare = {cell.strategy for cell in cells if (cell.task, cell.base) == ("digits", "bare")}
    for pair in (
        *("r1+relativistic", "r1+r2", "r2+relativistic", "replay+target_network"),
        *("batch_norm_joint+target_network", "dropout+layer_norm", "low_beta1+spectral_norm"),
        "r1+r2+relativistic",
    ):
        assert {pair, *pair.split("+")} <= bare
    for kit in kits.KITS:
        parts = kits.parts(kit)
        for part in parts if len(parts) > 1 else ():
            assert "+".join(other for other in parts if other != part) in bare
            assert kit in bare or "+".join(parts) in bare
    core = {n for n, t in registry.tasks().items() if t.tier == "core" and t.domain != "extension"}
    assert {cell.task for cell in cells} == core
