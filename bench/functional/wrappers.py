"""Layers that strategies insert into a critic or wrap around its layers; rows are independent.

Inputs that change from update to update, such as a random key or a scale, are added to a layer's
parameters, beside its "weight", by the strategy's `forward_params`. Layers that compare rows are in
`bench.functional.batch_layers`.
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
    """Add `value(layer)` to the parameters of every layer that has a weight, under `name`.

    `layer` is the prefix of the layer's parameters: "2/" for "2/weight", which adds "2/<name>".
    """
    layers = [full.removesuffix("weight") for full in params if full.endswith("weight")]
    return params | {f"{layer}{name}": value(layer) for layer in layers}


@dataclass(frozen=True)
class LayerNorm:
    """Layer normalisation: (x - mean) / sd * gain + bias, with statistics over a row's features.

    Ba et al., 2016, arXiv 1607.06450; for images over channels and positions, with a gain and a
    bias per channel.
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
    """Weight normalisation: a layer with weight gain * v / norm(v), by output unit or channel."""

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
    """Dropout: set the inner layer's outputs to 0 with probability `rate`.

    The others are multiplied by 1 / (1 - rate). Nothing is dropped if the parameters contain no
    "key".
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
class Simplices:
    """Softmax of each group of `size` consecutive features [B, F], times `size`; a rest is kept."""

    size: int
    temperature: float

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        whole = x.shape[1] - x.shape[1] % self.size
        groups = x[:, :whole].unflatten(1, (-1, self.size)) / self.temperature
        return torch.cat([self.size * groups.softmax(dim=2).flatten(1), x[:, whole:]], dim=1)


@dataclass(frozen=True)
class Compatible:
    """Compatible critic: q(s, a) = V(s) + (a - mu(s)) . J(s) w, [B, O + A] -> [B, 1].

    J is the Jacobian of the actor mu with respect to its parameters (Silver et al., 2014, theorem
    3). Parameters: "value/..." of V, whose network is given action 0; "w/...", shaped like the
    actor's; and the actor's own as "mu/...", which `init` does not create and the caller must add.
    """

    value: Net
    actor: Net
    obs_size: int
    bounded: bool = False  # whether actions, and so mu(s), are clipped to [-1, 1]

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        value, _ = self.value.init(key, shape)
        actor, _ = self.actor.init(key, (self.obs_size,))
        params = {f"value/{name}": leaf for name, leaf in value.items()}
        return params | {f"w/{name}": 0.0 * leaf for name, leaf in actor.items()}, (1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        obs, action = x[:, : self.obs_size], x[:, self.obs_size :]
        mu = _part(params, "mu/")
        w = {name: params[f"w/{name}"] for name in mu}
        mean, pull = torch.func.vjp(lambda p: self.actor.apply(p, obs), mu)[:2]
        # J w by reverse mode twice, as the derivative of u -> J'u in direction w.
        jw = torch.func.vjp(lambda u: pull(u)[0], torch.zeros_like(mean))[1](w)[0]
        mean = mean.clamp(-1.0, 1.0) if self.bounded else mean
        linear = ((action - mean) * jw).sum(dim=1, keepdim=True)
        baseline = torch.cat([obs, torch.zeros_like(action)], dim=1)
        return linear + self.value.apply(_part(params, "value/"), baseline)


def _part(params: Params, prefix: str) -> Params:
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
