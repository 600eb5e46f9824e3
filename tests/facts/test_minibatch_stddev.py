"""One more feature: the mean standard deviation over groups of consecutive rows."""

import pytest
import torch

from bench.functional import rng
from bench.functional.batch_layers import MinibatchStddev
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def test_by_hand() -> None:
    layer = MinibatchStddev(group=4)
    x = rng.normal(rng.seed_key(1), (8, 5))
    found = layer.apply({}, x)
    for start in (0, 4):
        group = x[start : start + 4]
        expected = group.std(dim=0, correction=0).mean()
        assert found[start : start + 4, 5].tolist() == pytest.approx([float(expected)] * 4)
    assert torch.equal(found[:, :5], x)


def test_collapsed_samples_show() -> None:
    layer = MinibatchStddev(group=4)
    assert float(layer.apply({}, torch.ones(4, 3))[:, 3].max()) == pytest.approx(1e-4)


def test_the_critic_ends_in_one_number_from_one_more_feature() -> None:
    plain, what = learner("digits"), learner("digits", build("minibatch_stddev", "digits"))
    shapes = [
        [tuple(leaf.shape) for leaf in each.init(rng.seed_key(0)).players.critic.values()]
        for each in (plain, what)
    ]
    assert MinibatchStddev(4) in what.blueprint.critic.net.layers
    assert shapes[1][:-2] == shapes[0][:-2]
    assert shapes[1][-2] == (1, shapes[0][-2][1] + 1)
