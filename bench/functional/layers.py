"""Layers and networks as frozen dataclasses: `init` creates parameters, `apply` uses them.

A network is a tuple of layers, so that a strategy's `blueprint` can inspect it, insert a layer or
change a width before any parameters exist. Everything is written for one seed, without running
statistics and without mutable state. `bench.functional.conv` has the layers for images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params

Shape = tuple[int, ...]
"""The shape of one row: (features,), or (channels, height, width)."""


class Layer(Protocol):
    """One step of a network. Shapes are of one row, without the batch dimension B."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        """Return new parameters for inputs [B, *shape], and the shape of the outputs' rows."""
        ...

    def apply(self, params: Params, x: Tensor) -> Tensor:
        """Map inputs [B, *shape in] to outputs [B, *shape out]."""
        ...


def uniform_init(key: Tensor, shape: Shape, fan_in: int) -> Tensor:
    """Draw weights or biases [shape] uniformly in +-1/sqrt(fan in), PyTorch's default."""
    return (2.0 * rng.uniform(key, shape) - 1.0) * (1.0 / math.sqrt(fan_in))


@dataclass(frozen=True)
class Dense:
    """Dense layer x @ weight.T + bias, [B, F] -> [B, width], with PyTorch's default init."""

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
    """Elementwise function of torch.nn.functional, given by name: "relu", "tanh", ..."""

    function: str

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        if self.function == "tanh":  # torch.nn.functional.tanh is deprecated
            return torch.tanh(x)
        return getattr(torch.nn.functional, self.function)(x)


@dataclass(frozen=True)
class Quadratic:
    """All products x_i * x_j with i <= j, [B, F] -> [B, F (F + 1) / 2].

    The value function of a linear-quadratic regulator (LQR) is linear in these features. With
    `linear`, the inputs themselves come after them.
    """

    linear: bool = False

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        (size,) = shape
        return {}, (size * (size + 1) // 2 + (size if self.linear else 0),)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        row, column = torch.triu_indices(x.shape[1], x.shape[1])
        products = x[:, row] * x[:, column]
        return torch.cat([products, x], dim=1) if self.linear else products


@dataclass(frozen=True)
class Columns:
    """Pass on the columns `start` to `end` of every row alone, [B, F] -> [B, end - start].

    In front of a player's network it makes the player blind to all others. None: to the last one.
    """

    start: int
    end: int | None

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, (len(range(*slice(self.start, self.end).indices(shape[0]))),)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return x[:, self.start : self.end]


@dataclass(frozen=True)
class FreeParameter:
    """Output the parameter `value` [width] in every row, whatever the input.

    The actor of games with closed-form solutions; every coordinate starts at `start`.
    """

    width: int
    start: float = 1.0

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        # The term with the key makes `vmap` over keys give each seed a copy of its own.
        return {"value": torch.full((self.width,), self.start) + 0.0 * key}, (self.width,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return params["value"].expand(x.shape[0], self.width)


@dataclass(frozen=True)
class Net:
    """Sequence of layers, itself a layer. Parameters are named "<position>/<name>": "2/weight"."""

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
    """Return one layer's parameters under their names in a network: "<position>/<name>"."""
    return {f"{position}/{name}": value for name, value in params.items()}


def part_of(params: Params, position: int) -> Params:
    """Return the parameters of the layer at a position; the inverse of `prefixed`."""
    prefix = f"{position}/"
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}


@dataclass(frozen=True)
class Heads:
    """Several networks on the same input; their outputs [B, H each] are concatenated."""

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
    """Apply a network to packs of `size` concatenated rows; each row gets its pack's output.

    If the rows do not fill the last pack, it is filled up with the first rows.
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
    """Return dense layers of these widths, `activation` between them and `output` at the end."""
    layers: list[Layer] = []
    for width in widths:
        layers += [Dense(width), Activation(activation)]
    layers.pop()
    if output is not None:
        layers.append(Activation(output))
    return Net(tuple(layers))


def before_activations(net: Net, layer: Layer) -> Net:
    """Return the network with `layer` inserted before every activation, as for layer norm."""
    layers: list[Layer] = []
    for each in net.layers:
        layers += [layer, each] if isinstance(each, Activation) else [each]
    return Net(tuple(layers))


def before_the_end(net: Net, layer: Layer) -> Net:
    """Return the network with `layer` inserted before the last one, to transform its features."""
    return Net((*net.layers[:-1], layer, net.layers[-1]))


def is_deep(net: Net) -> bool:
    """Return whether the network has hidden units, and thus learned features."""
    return any(isinstance(layer, Activation) for layer in net.layers)


def trunk(net: Any) -> Any:
    """Return the network without its last layer, also inside wrappers: it outputs features.

    Parameters keep their names, so that those of the whole network can be passed to it.
    """
    if isinstance(net, Heads):
        return Heads(tuple(trunk(each) for each in net.nets))
    if not isinstance(net, Net):
        return replace(net, net=trunk(net.net))
    last = net.layers[-1]
    wraps = isinstance(last, Heads) or hasattr(last, "net")
    return Net((*net.layers[:-1], *((trunk(last),) if wraps else ())))


def seeing(start: int, end: int | None, net: Net) -> Net:
    """Return a network that sees the columns `start` to `end` of its inputs alone."""
    return Net((Columns(start, end), *net.layers))


def with_core(net: Net, wrap: Callable[[Net], Layer]) -> Net:
    """Return the network with `wrap` around all but the columns that it selects in front."""
    front = 1 if net.layers and isinstance(net.layers[0], Columns) else 0
    return Net((*net.layers[:front], wrap(Net(net.layers[front:]))))


def is_blind(net: Net) -> bool:
    """Return whether the network sees only some columns of its inputs."""
    return isinstance(net.layers[0], Columns)


def blind(obs_size: int, action_size: int, net: Net) -> Net:
    """Return a critic's or a model's network that sees actions, but no observations."""
    return seeing(obs_size, obs_size + action_size, net)
