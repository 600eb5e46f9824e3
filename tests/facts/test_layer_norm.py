"""Equal to torch's layer norm on every hidden layer, dense and convolutional."""

import pytest
import torch
from torch.nn import functional

from bench.experiment import registry
from bench.functional import rng
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def test_the_critic_of_the_ring_by_hand() -> None:
    what = learner("ring8", build("layer_norm", "ring8"))
    critic = what.init(rng.seed_key(0)).players.critic
    x = hidden = rng.normal(rng.seed_key(1), (5, 2))
    names = [name.removesuffix("/weight") for name in critic if name.endswith("weight")]
    for name in names:
        hidden = functional.linear(hidden, critic[f"{name}/weight"], critic[f"{name}/bias"])
        if name != names[-1]:
            hidden = functional.relu(functional.layer_norm(hidden, hidden.shape[1:]))
    found = what.blueprint.critic.net.apply(critic, x)
    assert torch.allclose(found, hidden)


def test_a_convolutions_maps_are_normalised_together() -> None:
    from bench.functional.wrappers import LayerNorm

    layer = LayerNorm()
    params, _ = layer.init(rng.seed_key(0), (3, 4, 4))
    x = rng.normal(rng.seed_key(1), (2, 3, 4, 4))
    assert torch.allclose(layer.apply(params, x), functional.layer_norm(x, (3, 4, 4)))


def test_inert_without_hidden_layers() -> None:
    for task in ("bilinear", "lqr"):
        assert build("layer_norm", task).inert(registry.task(task))
    assert build("layer_norm", "ring8").inert(registry.task("ring8")) is None
