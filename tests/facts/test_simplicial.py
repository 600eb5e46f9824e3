"""Each group of features is a point of a simplex, times the size of the group."""

import pytest
import torch

from bench.functional import rng
from bench.functional.wrappers import Simplices
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def test_equal_to_torchs_softmax_of_each_group() -> None:
    layer = Simplices(size=4, temperature=0.5)
    params, shape = layer.init(rng.seed_key(0), (12,))
    x = rng.normal(rng.seed_key(1), (5, 12))
    parts = [4.0 * torch.softmax(part / 0.5, dim=1) for part in x.split(4, dim=1)]
    assert torch.allclose(layer.apply(params, x), torch.cat(parts, dim=1))
    assert (params, shape) == ({}, (12,))


def test_features_that_fill_no_group_are_left() -> None:
    layer = Simplices(size=4, temperature=0.5)
    x = rng.normal(rng.seed_key(1), (5, 10))
    assert torch.equal(layer.apply({}, x)[:, 8:], x[:, 8:])


def test_the_critics_features_have_mean_one() -> None:
    what = learner("ring8", build("simplicial", "ring8"))
    state, action = what.init(rng.seed_key(0)), rng.normal(rng.seed_key(1), (9, 2))
    forward = what._forward(state)
    features = forward.features("critic", state.players.critic, action[:, :0], action)
    groups = features.unflatten(1, (-1, 8))
    assert torch.allclose(groups.mean(dim=2), torch.ones(()))
    assert (groups >= 0.0).all()
    # A constant added to all features of a group changes nothing.
    layer = Simplices(size=8, temperature=0.3)
    assert torch.allclose(layer.apply({}, features + 3.0), layer.apply({}, features))
