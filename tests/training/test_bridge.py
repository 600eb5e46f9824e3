"""The paper's claim as a test: the GAN and its MDP learn the same, update for update."""

import pytest
import torch

from bench.experiment import registry
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.training.train import train


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("names", [(), ("r1", "replay"), ("spectral_norm", "label_smoothing")])
def test_the_ring_gan_and_its_mdp_are_one_game(names: tuple[str, ...]) -> None:
    """20 updates through the GAN path and through a gymnasium environment: equal to rounding."""
    cores = []
    for name in ("ring8", "ring8_mdp"):
        task = registry.task(name)
        settings = registry.task("ring8")  # the same published settings on both sides
        plan = combine(registry.strategy(n).build(settings) for n in names)
        cores.append(train(Learner(task, plan), seeds=[0, 7], updates=20).state.players)
    for gan, mdp in zip(leaves(cores[0]), leaves(cores[1]), strict=True):
        assert torch.allclose(gan, mdp, rtol=0.0, atol=1e-9)


def test_the_bridge_would_notice_other_data() -> None:
    """The comparison above can fail: another seed's data give other parameters."""
    task = registry.task("ring8")
    one, other = (
        train(Learner(task, combine([])), seeds=[seed], updates=20).state.players for seed in (0, 1)
    )
    assert not torch.allclose(one.critic["0/weight"], other.critic["0/weight"], atol=1e-3)
