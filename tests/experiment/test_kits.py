"""Kits: published learners as strategies, with the settings of their papers."""

import pytest

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.grid import Grid
from bench.experiment.kits import KIT_SETTINGS, KITS
from bench.experiment.spec import spec_hash
from bench.functional import rng


def test_a_kit_is_its_strategies() -> None:
    """TD3 as published is DDPG with three more, and a kit's name stands for its members."""
    assert set(KITS["ddpg"]) < set(KITS["td3"])
    td3 = Cell("reacher", "bare", "td3")
    assert td3.name == "bare+td3"
    assert set(td3.strategies) == {
        *("replay", "target_network", "twin_critics", "target_smoothing", "critic_steps")
    }
    assert Cell("pendulum", "reference", "ddpg").strategies == ()
    assert spec_hash(td3) == spec_hash(Cell("reacher", "bare", "+".join(KITS["td3"])))
    raw = {"about": "a test", "tasks": ["reacher"], "strategies": ["td3+r1"], "bases": ["bare"]}
    Grid.model_validate(raw).cells()
    for kit in KITS.values():
        assert set(kit) <= set(registry.strategies())


@pytest.mark.parametrize("base", ["bare", "reference"])
@pytest.mark.parametrize("kit", ["r3gan", "sngan", "wgan_gp"])
def test_a_kit_may_have_settings_of_its_own(kit: str, base: str) -> None:
    """Their papers take a beta1 of 0, also where the base brings `low_beta1` with another one."""
    cell = Cell("ring8", base, kit)
    published = registry.strategy("low_beta1").defaults(registry.task("ring8"))
    assert published == {"beta1": 0.5}
    assert Cell("ring8", "reference").settings()["low_beta1"] == published
    assert Cell("ring8", base, "+".join(KITS[kit])).settings()["low_beta1"] == published
    for whole in (cell, Cell("ring8", base, f"{kit}+ttur")):
        assert whole.settings()["low_beta1"] == {"beta1": 0.0}
        players = whole.learner().blueprint.players.values()
        assert {getattr(p.optimizer, "beta1", None) for p in players} == {0.0}
    tuned = cell.varied("tuned", {"low_beta1": {"beta1": 0.3}})
    assert tuned.settings()["low_beta1"] == {"beta1": 0.3}
    assert spec_hash(cell) != spec_hash(Cell("ring8", base, "+".join(KITS[kit])))


def test_settings_of_kits_exist() -> None:
    for kit, own in KIT_SETTINGS.items():
        assert own.keys() <= set(KITS[kit])
        for name, settings in own.items():
            known = registry.strategy(name).defaults(registry.task("dirac"))
            assert settings.keys() <= known.keys()
            assert any(known[setting] != value for setting, value in settings.items())


@pytest.mark.parametrize("base", ["bare", "reference"])
@pytest.mark.parametrize("kit", list(KITS))
def test_every_kit_is_a_learner(kit: str, base: str) -> None:
    for task in ("ring8", "pendulum"):
        cell = Cell(task, base, kit)
        assert set(KITS[kit]) <= set(cell.strategies) or cell.contrast == "removed"
        cell.learner().init(rng.seed_key(0))


def test_crossq_and_droq_are_sac_but_for_what_they_change() -> None:
    """CrossQ has joint batches in place of target networks; its actor moves every third time."""
    assert set(KITS["sac"]) - {"target_network"} < set(KITS["crossq"])
    assert "target_network" not in KITS["crossq"]
    assert Cell("pendulum", "bare", "crossq").settings()["critic_steps"] == {"every": 3}
    assert {*KITS["droq"]} - {*KITS["sac"]} == {"dropout", "layer_norm"}
