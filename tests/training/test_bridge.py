"""The paper's claim as a test: the GAN and its MDP learn the same, update for update."""

from typing import Any

import pytest
import torch

from bench.experiment import registry
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import Plan, combine
from bench.training.train import train
from tests.support.closed_form import evaluated


def trained(task: str, plan: Plan, seeds: list[int]) -> Any:
    """Both players after 20 updates."""
    learner = evaluated(Learner(registry.task(task), plan), evaluations=1)
    return train(learner, seeds=seeds, updates=20).state.players


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("names", [(), ("r1", "replay"), ("spectral_norm", "label_smoothing")])
def test_the_ring_gan_and_its_mdp_are_one_game(names: tuple[str, ...]) -> None:
    """20 updates through the GAN path and through a gymnasium environment: equal to rounding."""
    settings = registry.task("ring8")  # the same published settings on both sides
    plan = combine(registry.strategy(name).build(settings) for name in names)
    gans, mdps = (trained(task, plan, [0, 7]) for task in ("ring8", "ring8_mdp"))
    for gan, mdp in zip(leaves(gans), leaves(mdps), strict=True):
        assert torch.allclose(gan, mdp, rtol=0.0, atol=1e-9)


def test_the_bridge_would_notice_other_data() -> None:
    """The comparison above can fail: another seed's data give other parameters."""
    one, other = (trained("ring8", combine([]), [seed]) for seed in (0, 1))
    assert not torch.allclose(one.critic["0/weight"], other.critic["0/weight"], atol=1e-3)
