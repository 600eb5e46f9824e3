"""Image layers against PyTorch's own modules, and the pair of networks made of them."""

import pytest
import torch

from bench.experiment import registry
from bench.functional import conv, rng
from bench.functional.conv import Conv, ConvTranspose, Flatten, Image, discriminator, generator
from bench.functional.layers import Net

pytestmark = pytest.mark.usefixtures("float64")


SIDES = {"matrix": (8, 6), "library": (40, 20)}
"""Images on which a convolution is a small matrix, and images on which it is PyTorch's."""


def the_same(layer: Conv | ConvTranspose, module: torch.nn.Module, channels: int, way: str) -> None:
    """Equal values, slopes, and slopes of slopes, which gradient penalties need."""
    params, shape = layer.init(rng.seed_key(0), (channels, *SIDES[way]))
    module.load_state_dict(params)
    params = dict(module.named_parameters())
    x = rng.normal(rng.seed_key(1), (2, channels, *SIDES[way])).requires_grad_()
    assert conv.fits_a_matrix(x.shape[1:], shape) == (way == "matrix")
    found = []
    for apply in (lambda: layer.apply(params, x), lambda: module(x)):
        made = apply()
        assert made.shape[1:] == shape
        (slope,) = torch.autograd.grad(made.sin().sum(), x, create_graph=True)
        found.append([made, slope, *torch.autograd.grad(slope.square().sum(), params.values())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("way", SIDES)
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (4, 2, 1), (3, 2, 0)])
def test_conv_is_pytorchs(kernel: int, stride: int, padding: int, way: str) -> None:
    layer = Conv(5, kernel=kernel, stride=stride, padding=padding)
    the_same(layer, torch.nn.Conv2d(3, 5, kernel, stride, padding=padding), 3, way)


@pytest.mark.parametrize("way", SIDES)
def test_transposed_conv_is_pytorchs_and_doubles_the_sides(way: str) -> None:
    params, shape = ConvTranspose(2).init(rng.seed_key(0), (3, 5, 4))
    assert shape == (2, 10, 8)
    module = torch.nn.ConvTranspose2d(3, 2, 4, 2, padding=1)
    bound = float(module.weight.detach().abs().max())
    assert bound == pytest.approx(float(params["weight"].abs().max()), rel=0.1)  # the same init
    the_same(ConvTranspose(2), module, 3, way)


def test_images_and_rows_are_one_to_one() -> None:
    x = torch.arange(48.0).reshape(2, 24)
    net = Net((Image(3, 4), Flatten()))
    params, shape = net.init(rng.seed_key(0), (24,))
    assert shape == (24,)
    assert torch.equal(net.apply(params, x), x)
    assert Image(3, 4).apply({}, x)[1, 1, 2, 3] == 47.0


IMAGES = [name for name, task in registry.tasks().items() if task.image_shape]


@pytest.mark.parametrize("name", IMAGES)
def test_the_pair_fits_its_images(name: str) -> None:
    """Pixels within tanh's bounds, one logit per image, for every image task."""
    task = registry.task(name)
    players = task.blueprint()
    given = task.obs_size + task.noise_size
    actor, made = players.actor.net.init(rng.seed_key(0), (given,))
    critic, judged = players.critic.net.init(rng.seed_key(1), (task.obs_size + task.action_size,))
    assert made == (task.action_size,)
    assert judged == (1,)
    rows = rng.normal(rng.seed_key(2), (2, given))
    images = players.actor.net.apply(actor, rows)
    assert images.shape == (2, task.action_size)
    assert images.abs().max() < 1.0
    shown = torch.cat([rows[:, : task.obs_size], images], dim=1)
    assert players.critic.net.apply(critic, shown).shape == (2, 1)


def test_widths_double_towards_the_noise() -> None:
    made, _ = generator((3, 32, 32), 16, 3).init(rng.seed_key(0), (7,))
    assert [leaf.shape[1] for leaf in made.values() if leaf.dim() == 4] == [32, 16, 3]
    seen, _ = discriminator((3, 32, 32), 16, 3).init(rng.seed_key(0), (3072,))
    assert [leaf.shape[0] for leaf in seen.values() if leaf.dim() == 4] == [16, 32, 64, 128]
