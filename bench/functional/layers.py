"""Layers and networks as frozen descriptions: `init` makes parameters, `apply` uses them.

A network is a tuple of layers, so that a strategy's `blueprint` can look at it, insert a layer or
change a width before anything is built. Everything is written for one seed, without running
statistics and without mutation. `bench.functional.conv` has the layers for images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params

Shape = tuple[int, ...]
"""What one row looks like: (features,), or (channels, height, width)."""


class Layer(Protocol):
    """One step of a network. `shape` is that of the rows which enter or leave."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        """Parameters for inputs [B, *shape], and the shape of the outputs."""
        ...

    def apply(self, params: Params, x: Tensor) -> Tensor:
        """[B, *shape in] -> [B, *shape out]."""
        ...


def uniform_init(key: Tensor, shape: Shape, fan_in: int) -> Tensor:
    """PyTorch's default for weights and biases: uniform in +-1/sqrt(fan in)."""
    return (2.0 * rng.uniform(key, shape) - 1.0) * (1.0 / math.sqrt(fan_in))


@dataclass(frozen=True)
class Dense:
    """x @ weight.T + bias, initialised uniformly in +-1/sqrt(fan in), PyTorch's default."""

    width: int
    bias: bool = True

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        (size,) = shape
        params = {"weight": uniform_init(rng.fold(key, "weight"), (self.width, size), size)}
        if self.bias:
            params["bias"] = uniform_init(rng.fold(key, "bias"), (self.width,), size)
        return params, (self.width,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, params["weight"], params.get("bias"))


@dataclass(frozen=True)
class Activation:
    """An elementwise function of torch.nn.functional, by its name there: "relu", "tanh", ..."""

    function: str

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        if self.function == "tanh":  # torch.nn.functional.tanh is deprecated
            return torch.tanh(x)
        return getattr(torch.nn.functional, self.function)(x)


@dataclass(frozen=True)
class Quadratic:
    """All products x_i * x_j with i <= j: the features in which an LQR's value is linear."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        (size,) = shape
        return {}, (size * (size + 1) // 2,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        row, column = torch.triu_indices(x.shape[1], x.shape[1])
        return x[:, row] * x[:, column]


@dataclass(frozen=True)
class FreeParameter:
    """Ignores its input: every output row is the parameter `value` [width] itself.

    The actor of a game with closed-form answers; it starts at `start` in every coordinate.
    """

    width: int
    start: float = 1.0

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {"value": torch.full((self.width,), self.start) + 0.0 * key}, (self.width,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return params["value"].expand(x.shape[0], self.width)


@dataclass(frozen=True)
class Net:
    """A chain of layers, itself a layer. Parameters are named "<position>/<name>": "2/weight"."""

    layers: tuple[Layer, ...]

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        params: Params = {}
        for position, layer in enumerate(self.layers):
            own, shape = layer.init(rng.fold(key, position), shape)
            params |= prefixed(own, position)
        return params, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        for position, layer in enumerate(self.layers):
            x = layer.apply(part_of(params, position), x)
        return x


def prefixed(params: Params, position: int) -> Params:
    """One part's parameters under their names in the whole."""
    return {f"{position}/{name}": value for name, value in params.items()}


def part_of(params: Params, position: int) -> Params:
    """The inverse of `prefixed`: the parameters of the part at a position."""
    prefix = f"{position}/"
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}


@dataclass(frozen=True)
class Heads:
    """Several networks side by side on the same input; their outputs [B, H each] are joined."""

    nets: tuple[Net, ...]

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        params: Params = {}
        width = 0
        for position, net in enumerate(self.nets):
            own, (size,) = net.init(rng.fold(key, position), shape)
            params |= prefixed(own, position)
            width += size
        return params, (width,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        outputs = [net.apply(part_of(params, i), x) for i, net in enumerate(self.nets)]
        return torch.cat(outputs, dim=1)


@dataclass(frozen=True)
class Packed:
    """Judges `size` consecutive rows jointly: all rows of a pack get the pack's one answer.

    Rows that do not fill the last pack are joined there by the first rows.
    """

    net: Net
    size: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return self.net.init(key, (shape[0] * self.size, *shape[1:]))

    def apply(self, params: Params, x: Tensor) -> Tensor:
        rows = x.shape[0]
        packs = -(-rows // self.size)
        x = x[torch.arange(packs * self.size, device=x.device) % rows]
        answers = self.net.apply(params, x.reshape(packs, self.size * x.shape[1], *x.shape[2:]))
        return answers.repeat_interleave(self.size, dim=0)[:rows]


def mlp(*widths: int, activation: str, output: str | None = None) -> Net:
    """Dense layers of the given widths with `activation` between them and `output` at the end."""
    layers: list[Layer] = []
    for width in widths:
        layers += [Dense(width), Activation(activation)]
    layers.pop()
    if output is not None:
        layers.append(Activation(output))
    return Net(tuple(layers))


def before_activations(net: Net, layer: Layer) -> Net:
    """The network with a layer put in before every activation: a norm of every hidden layer."""
    layers: list[Layer] = []
    for each in net.layers:
        layers += [layer, each] if isinstance(each, Activation) else [each]
    return Net(tuple(layers))


def before_the_end(net: Net, layer: Layer) -> Net:
    """The network with a layer put in before the last one: another view of its features."""
    return Net((*net.layers[:-1], layer, net.layers[-1]))


def is_deep(net: Net) -> bool:
    """Whether the network has hidden units, and so features of its own making."""
    return any(isinstance(layer, Activation) for layer in net.layers)


def trunk(net: Any) -> Any:
    """A network without its last layer, inside whatever wraps it: what its end is fed.

    Parameters keep their names, so that those of the whole network serve.
    """
    if isinstance(net, Heads):
        return Heads(tuple(trunk(each) for each in net.nets))
    if not isinstance(net, Net):
        return replace(net, net=trunk(net.net))
    last = net.layers[-1]
    wraps = isinstance(last, Heads) or hasattr(last, "net")
    return Net((*net.layers[:-1], *((trunk(last),) if wraps else ())))
