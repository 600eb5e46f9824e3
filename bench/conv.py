"""Layers for images [B, channels, height, width], and the small DCGAN pair made of them.

Data and actions are flat rows; `Image` and `Flatten` are the doors between the two forms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from bench import rng
from bench.nets import Activation, Dense, Layer, Net, Shape, uniform_init
from bench.trees import Params


@dataclass(frozen=True)
class Image:
    """[B, channels * height * width] -> [B, channels, height, width], whatever the channels."""

    height: int
    width: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, (shape[0] // (self.height * self.width), self.height, self.width)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.height, self.width)


@dataclass(frozen=True)
class Flatten:
    """[B, channels, height, width] -> [B, channels * height * width]."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, (math.prod(shape),)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1)


@dataclass(frozen=True)
class Conv:
    """A convolution, weight [channels, channels in, kernel, kernel], PyTorch's default init."""

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
        after = ((side + 2 * self.padding - self.kernel) // self.stride + 1 for side in sides)
        return params, (self.channels, *after)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        weight, bias = params["weight"], params.get("bias")
        return functional.conv2d(x, weight, bias, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class UpConv:
    """A transposed convolution that doubles the sides, weight [channels in, channels, 4, 4]."""

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
        return functional.conv_transpose2d(x, weight, bias, stride=2, padding=1)


def generator(shape: Shape, width: int, doublings: int) -> Net:
    """DCGAN's generator (Radford et al., 2016, arXiv 1511.06434) without batch normalisation.

    Noise goes through a dense layer to `width * 2**(doublings - 1)` channels of 2**doublings times
    smaller sides, which are doubled again with half the channels each time; tanh bounds the pixels.
    `shape` is (channels, height, width) of the images, which leave as flat rows. Raises ValueError
    if the sides cannot be halved that often.
    """
    channels, height, wide = shape
    if height % (1 << doublings) or wide % (1 << doublings):
        raise ValueError(f"{height} x {wide} cannot be reached by {doublings} doublings")
    small = (height >> doublings, wide >> doublings)
    widths = [width << (doublings - 1 - i) for i in range(doublings)]
    layers: list[Layer] = [Dense(widths[0] * math.prod(small)), Activation("relu"), Image(*small)]
    for after in widths[1:]:
        layers += [UpConv(after), Activation("relu")]
    return Net((*layers, UpConv(channels), Activation("tanh"), Flatten()))


def discriminator(shape: Shape, width: int, halvings: int) -> Net:
    """The generator's mirror image, from flat rows to one logit, with leaky units.

    A 3x3 convolution to `width` channels and then, as in SNGAN (Miyato et al., 2018, arXiv
    1802.05957, table 3), 4x4 convolutions that halve the sides and double the channels.
    """
    _, height, wide = shape
    layers: list[Layer] = [Image(height, wide), Conv(width), Activation("leaky_relu")]
    for i in range(halvings):
        layers += [Conv(width << (i + 1), kernel=4, stride=2), Activation("leaky_relu")]
    return Net((*layers, Flatten(), Dense(1)))
