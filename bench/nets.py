"""Layers and networks as frozen descriptions: `init` makes parameters, `apply` uses them.

A network is a tuple of layers, so that a strategy's `blueprint` can look at it, insert a layer or
change a width before anything is built. Everything is written for one seed, without running
statistics and without mutation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from bench import rng
from bench.trees import Params


class Layer(Protocol):
    """One step of a network. `size` is the number of features that enter or leave."""

    def init(self, key: Tensor, size: int) -> tuple[Params, int]:
        """Parameters for inputs [B, size], and the size of the outputs."""
        ...

    def apply(self, params: Params, x: Tensor) -> Tensor:
        """[B, size in] -> [B, size out]."""
        ...


@dataclass(frozen=True)
class Dense:
    """x @ weight.T + bias, initialised uniformly in +-1/sqrt(fan in), PyTorch's default."""

    width: int
    bias: bool = True

    def init(self, key: Tensor, size: int) -> tuple[Params, int]:
        bound = 1.0 / math.sqrt(size)
        weight = (2.0 * rng.uniform(rng.fold(key, "weight"), (self.width, size)) - 1.0) * bound
        params = {"weight": weight}
        if self.bias:
            params["bias"] = (2.0 * rng.uniform(rng.fold(key, "bias"), (self.width,)) - 1.0) * bound
        return params, self.width

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, params["weight"], params.get("bias"))


@dataclass(frozen=True)
class Activation:
    """An elementwise function of torch.nn.functional, by its name there: "relu", "tanh", ..."""

    function: str

    def init(self, key: Tensor, size: int) -> tuple[Params, int]:
        return {}, size

    def apply(self, params: Params, x: Tensor) -> Tensor:
        if self.function == "tanh":  # torch.nn.functional.tanh is deprecated
            return torch.tanh(x)
        return getattr(torch.nn.functional, self.function)(x)


@dataclass(frozen=True)
class Quadratic:
    """All products x_i * x_j with i <= j: the features in which an LQR's value is linear."""

    def init(self, key: Tensor, size: int) -> tuple[Params, int]:
        return {}, size * (size + 1) // 2

    def apply(self, params: Params, x: Tensor) -> Tensor:
        row, column = torch.triu_indices(x.shape[1], x.shape[1])
        return x[:, row] * x[:, column]


@dataclass(frozen=True)
class Point:
    """Ignores its input: every output row is the parameter `value` [width] itself.

    The actor of a game with closed-form answers; it starts at `start` in every coordinate.
    """

    width: int
    start: float = 1.0

    def init(self, key: Tensor, size: int) -> tuple[Params, int]:
        return {"value": torch.full((self.width,), self.start) + 0.0 * key}, self.width

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return params["value"].expand(x.shape[0], self.width)


@dataclass(frozen=True)
class Net:
    """A chain of layers. Parameters are named "<position>/<name>", e.g. "2/weight"."""

    layers: tuple[Layer, ...]

    def init(self, key: Tensor, size: int) -> Params:
        params: Params = {}
        for position, layer in enumerate(self.layers):
            own, size = layer.init(rng.fold(key, position), size)
            params |= {f"{position}/{name}": value for name, value in own.items()}
        return params

    def apply(self, params: Params, x: Tensor) -> Tensor:
        for position, layer in enumerate(self.layers):
            prefix = f"{position}/"
            own = {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
            x = layer.apply(own, x)
        return x


def mlp(*widths: int, activation: str, output: str | None = None) -> Net:
    """Dense layers of the given widths with `activation` between them and `output` at the end."""
    layers: list[Layer] = []
    for width in widths:
        layers += [Dense(width), Activation(activation)]
    layers.pop()
    if output is not None:
        layers.append(Activation(output))
    return Net(tuple(layers))
