"""Layers for images [B, channels, height, width], and small DCGAN networks made of them.

Data and actions are flat rows; `Image` and `Flatten` convert between rows and images. Convolutions
of small images are computed as matrix products: one product for each seed takes a third of the time
of a grouped convolution of all seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bench.functional import rng
from bench.functional.layers import Activation, Dense, Layer, Net, Shape, uniform_init
from bench.functional.pytree import Params


@dataclass(frozen=True)
class Image:
    """Reshape [B, channels * height * width] to [B, channels, height, width].

    The number of channels follows from the width of the rows.
    """

    height: int
    width: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, (shape[0] // (self.height * self.width), self.height, self.width)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.height, self.width)


@dataclass(frozen=True)
class Flatten:
    """Reshape [B, channels, height, width] to [B, channels * height * width]."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, (math.prod(shape),)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1)


MATRIX_SIZE = 100_000
"""Convolutions whose matrix has fewer entries than this are computed as matrix products. An
update of ten GANs on 8 x 8 images takes 1.2 times as long if the largest, of 131,072 entries, is
one too, as its matrix is then larger than the images; and 1.3 times as long if none is."""


def fits_a_matrix(*shapes: Shape) -> bool:
    """Return whether the matrix of a convolution between images of two shapes is small enough."""
    return math.prod(math.prod(shape) for shape in shapes) < MATRIX_SIZE


def as_matrix(weight: Tensor, sides: tuple[int, int], stride: int, padding: int) -> Tensor:
    """Return the matrix [inputs, outputs] of a convolution of images [channels in, *sides].

    `weight` is [channels out, channels in, kernel, kernel]. Inputs and outputs are flattened
    images: [B, inputs] @ matrix is [B, outputs]. It is the weight times zeros and ones, a single
    product, whose slopes are products too.
    """
    kernel = weight.shape[-1]
    rows, columns = (_uses(kernel, side, stride, padding).to(weight) for side in sides)
    uses = torch.einsum("khy,lwx->klhwyx", rows, columns)
    spread = weight.flatten(2) @ uses.flatten(2).flatten(0, 1)
    spread = spread.unflatten(2, (math.prod(sides), -1))  # [out, in, height * width, h. * w. out]
    return spread.permute(1, 2, 0, 3).flatten(2).flatten(0, 1)


def _uses(kernel: int, side: int, stride: int, padding: int) -> Tensor:
    """Return where along one axis an element of the kernel [kernel, side, side out] is used."""
    starts = torch.arange(-padding, side + padding - kernel + 1, stride)
    return starts + torch.arange(kernel)[:, None, None] == torch.arange(side)[:, None]


@dataclass(frozen=True)
class Conv:
    """Convolution, weight [channels, channels in, kernel, kernel], PyTorch's default init."""

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1
    bias: bool = True

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        into, *sides = shape
        fan_in = into * self.kernel**2
        weight = (self.channels, into, self.kernel, self.kernel)
        params = {"weight": uniform_init(rng.fold(key, "weight"), weight, fan_in)}
        if self.bias:
            params["bias"] = uniform_init(rng.fold(key, "bias"), (self.channels,), fan_in)
        return params, (self.channels, *(self._after(side) for side in sides))

    def apply(self, params: Params, x: Tensor) -> Tensor:
        weight, bias = params["weight"], params.get("bias")
        after = (self.channels, *(self._after(side) for side in x.shape[2:]))
        if not fits_a_matrix(x.shape[1:], after):
            return functional.conv2d(x, weight, bias, stride=self.stride, padding=self.padding)
        matrix = as_matrix(weight, (x.shape[2], x.shape[3]), self.stride, self.padding)
        made = (x.flatten(1) @ matrix).reshape(-1, *after)
        return made if bias is None else made + bias[:, None, None]

    def _after(self, side: int) -> int:
        return (side + 2 * self.padding - self.kernel) // self.stride + 1


@dataclass(frozen=True)
class ConvTranspose:
    """Transposed convolution that doubles the sides, weight [channels in, channels, 4, 4]."""

    channels: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        into, height, width = shape
        fan_in = self.channels * 4**2  # PyTorch's convention for a transposed weight
        params = {
            "weight": uniform_init(rng.fold(key, "weight"), (into, self.channels, 4, 4), fan_in),
            "bias": uniform_init(rng.fold(key, "bias"), (self.channels,), fan_in),
        }
        return params, (self.channels, 2 * height, 2 * width)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        weight, bias = params["weight"], params["bias"]
        sides = (2 * x.shape[2], 2 * x.shape[3])
        if not fits_a_matrix(x.shape[1:], (self.channels, *sides)):
            return functional.conv_transpose2d(x, weight, bias, stride=2, padding=1)
        made = x.flatten(1) @ as_matrix(weight, sides, stride=2, padding=1).T
        return made.reshape(-1, self.channels, *sides) + bias[:, None, None]


def generator(shape: Shape, width: int, doublings: int) -> Net:
    """Return DCGAN's generator (Radford et al., 2016, arXiv 1511.06434) without batch norm.

    A dense layer maps noise [B, N] to `width * 2**(doublings - 1)` channels of sides that are
    2**doublings times smaller than the image's. Each transposed convolution doubles the sides and
    halves the channels; the last one returns the image's channels, bounded by tanh. `shape` is
    (channels, height, width) of the images, which are returned as flat rows. Raises ValueError if
    height or width is not a multiple of 2**doublings.
    """
    channels, height, wide = shape
    if height % (1 << doublings) or wide % (1 << doublings):
        raise ValueError(f"{height} x {wide} cannot be reached by {doublings} doublings")
    small = (height >> doublings, wide >> doublings)
    widths = [width << (doublings - 1 - i) for i in range(doublings)]
    layers: list[Layer] = [Dense(widths[0] * math.prod(small)), Activation("relu"), Image(*small)]
    for after in widths[1:]:
        layers += [ConvTranspose(after), Activation("relu")]
    return Net((*layers, ConvTranspose(channels), Activation("tanh"), Flatten()))


def discriminator(shape: Shape, width: int, halvings: int) -> Net:
    """Return a discriminator for images of `shape`: flat rows [B, C * H * W] to logits [B, 1].

    A 3x3 convolution to `width` channels and then, as in SNGAN (Miyato et al., 2018, arXiv
    1802.05957, table 3), `halvings` 4x4 convolutions that each halve the sides and double the
    channels, all with leaky ReLU.
    """
    _, height, wide = shape
    layers: list[Layer] = [Image(height, wide), Conv(width), Activation("leaky_relu")]
    for i in range(halvings):
        layers += [Conv(width << (i + 1), kernel=4, stride=2), Activation("leaky_relu")]
    return Net((*layers, Flatten(), Dense(1)))
