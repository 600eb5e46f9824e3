"""o_k(i) = mean over j != i of exp(-|M_ik - M_jk|_1), M of features of size 1; halves apart."""

import pytest
import torch

from bench.functional import rng
from bench.functional.batch_layers import MinibatchDiscrimination
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def test_by_two_loops() -> None:
    layer = MinibatchDiscrimination(kernels=3, dims=2, group=5)
    params, shape = layer.init(rng.seed_key(0), (4,))
    x = rng.normal(rng.seed_key(1), (5, 4))
    found = layer.apply(params, x)
    rms = sum(float(v) ** 2 for v in x.flatten()) / x.numel()
    m = (x / rms**0.5 @ params["tensor"].T).reshape(5, 2, 3)
    for i in range(5):
        for k in range(3):
            others = [
                float(torch.exp(-(m[i, :, k] - m[j, :, k]).abs().sum())) for j in range(5) if j != i
            ]
            assert float(found[i, 4 + k]) == pytest.approx(sum(others) / 4)
    assert torch.equal(found[:, :4], x)
    assert shape == (7,)


def test_the_order_of_rows_does_not_matter_and_equal_rows_are_close() -> None:
    layer = MinibatchDiscrimination(kernels=3, dims=2, group=6)
    params, _ = layer.init(rng.seed_key(0), (4,))
    x = rng.normal(rng.seed_key(1), (6, 4))
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    assert torch.allclose(layer.apply(params, x)[order], layer.apply(params, x[order]))
    collapsed = layer.apply(params, x[:1].expand(6, 4))
    assert torch.equal(collapsed[:, 4:], torch.ones(6, 3))


@pytest.mark.parametrize("scale", [1e-3, 40.0])
def test_the_scale_of_the_features_does_not_matter(scale: float) -> None:
    """Of each half by itself: one may be large and the other small."""
    layer = MinibatchDiscrimination(kernels=3, dims=2, group=6)
    params, _ = layer.init(rng.seed_key(0), (4,))
    x = rng.normal(rng.seed_key(1), (12, 4))
    found = layer.apply(params, x)[:, 4:]
    scaled = layer.apply(params, torch.cat([scale * x[:6], x[6:]]))[:, 4:]
    assert torch.allclose(found, scaled, atol=1e-5)
    assert found.std() > 0.01


def test_halves_are_apart() -> None:
    what = learner("ring8", build("minibatch_discrimination", "ring8"))
    critic, net = what.init(rng.seed_key(0)).players.critic, what.blueprint.critic.net
    rows = rng.normal(rng.seed_key(1), (128, 2))
    alone, beside = net.apply(critic, rows[64:]), net.apply(critic, rows)[64:]
    assert torch.allclose(alone, beside)
    moved = net.apply(critic, torch.cat([rows[64:65].expand(32, 2), rows[96:]]))
    assert not torch.allclose(moved[32:], alone[32:])
