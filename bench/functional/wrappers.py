"""Layers that strategies put into a critic or around its layers, each row by itself.

What a layer needs beside its parameters, a key or a scale, a strategy's `weights` adds to them,
beside the layer's "weight". `bench.functional.batch_layers` has the layers that compare rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import Conv
from bench.functional.layers import Dense, Layer, Net, Shape
from bench.functional.pytree import Params


def beside_weights(params: Params, name: str, value: Callable[[str], Tensor]) -> Params:
    """Parameters with `value(layer)` added as "<layer>/<name>" wherever a layer has a weight."""
    layers = [full.removesuffix("weight") for full in params if full.endswith("weight")]
    return params | {f"{layer}{name}": value(layer) for layer in layers}


@dataclass(frozen=True)
class LayerNorm:
    """(x - mean) / sd * gain + bias, mean and sd over all features of a row.

    Ba et al., 2016, arXiv 1607.06450; of a convolution over channels and positions, with a gain and
    a bias per channel.
    """

    eps: float = 1e-5

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {"gain": torch.ones(shape[0]), "bias": torch.zeros(shape[0])}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        over = tuple(range(1, x.dim()))
        channels = (1, -1, *[1] * (x.dim() - 2))
        centred = x - x.mean(dim=over, keepdim=True)
        normed = centred * torch.rsqrt(centred.square().mean(dim=over, keepdim=True) + self.eps)
        return normed * params["gain"].reshape(channels) + params["bias"].reshape(channels)


@dataclass(frozen=True)
class WeightNorm:
    """A layer whose weight is gain * v / norm(v), one gain and one norm per output."""

    inner: Dense | Conv

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        params, after = self.inner.init(key, shape)
        return params | {"gain": _lengths(params["weight"])}, after

    def apply(self, params: Params, x: Tensor) -> Tensor:
        weight = params["weight"]
        scale = (params["gain"] / _lengths(weight)).reshape(-1, *[1] * (weight.dim() - 1))
        return self.inner.apply(params | {"weight": scale * weight}, x)


def _lengths(weight: Tensor) -> Tensor:
    return torch.sqrt(weight.flatten(1).square().sum(dim=1) + 1e-12)


@dataclass(frozen=True)
class Dropout:
    """A layer whose outputs are 0 with probability `rate`, and else 1 / (1 - rate) times as large.

    Nothing is dropped where its parameters hold no "key".
    """

    inner: Layer
    rate: float

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return self.inner.init(key, shape)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        y = self.inner.apply(params, x)
        if "key" not in params:
            return y
        kept = rng.uniform(params["key"], tuple(y.shape)) >= self.rate
        return torch.where(kept, y / (1.0 - self.rate), 0.0)


@dataclass(frozen=True)
class Scaled:
    """A layer whose outputs are multiplied by "scale", where its parameters hold one."""

    inner: Layer

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return self.inner.init(key, shape)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        return params.get("scale", torch.ones(())) * self.inner.apply(params, x)


@dataclass(frozen=True)
class Compatible:
    """q(s, a) = V(s) + (a - mu(s)) . J(s) w, J the Jacobian of the actor mu in its parameters.

    Silver et al., 2014, theorem 3. Parameters: "value/..." of V, which is shown the action 0;
    "w/..." shaped like the actor's; the actor's own, "mu/...", must be added.
    """

    value: Net
    actor: Net
    obs_size: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        value, _ = self.value.init(key, shape)
        actor, _ = self.actor.init(key, (self.obs_size,))
        params = {f"value/{name}": leaf for name, leaf in value.items()}
        return params | {f"w/{name}": 0.0 * leaf for name, leaf in actor.items()}, (1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        obs, action = x[:, : self.obs_size], x[:, self.obs_size :]
        mu = _part(params, "mu/")
        w = {name: params[f"w/{name}"] for name in mu}
        answer, pull = torch.func.vjp(lambda p: self.actor.apply(p, obs), mu)[:2]
        # J w as the derivative of u -> J'u along w: reverse mode twice.
        slope = torch.func.vjp(lambda u: pull(u)[0], torch.zeros_like(answer))[1](w)[0]
        linear = ((action - answer) * slope).sum(dim=1, keepdim=True)
        at_rest = torch.cat([obs, torch.zeros_like(action)], dim=1)
        return linear + self.value.apply(_part(params, "value/"), at_rest)


def _part(params: Params, prefix: str) -> Params:
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
