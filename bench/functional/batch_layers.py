"""Layers whose output for one row depends on the other rows of the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.conv import Conv
from bench.functional.layers import Activation, Dense, Layer, Net, Shape, uniform_init
from bench.functional.pytree import Params


def in_groups(rows: Tensor, size: int, what: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply `what`, [B', ...] -> [B', ...], to each group of `size` consecutive rows [B, ...].

    If the number of rows is not a multiple of `size`, all rows are one group.
    """
    if rows.shape[0] <= size or rows.shape[0] % size:
        return what(rows)
    return torch.vmap(what)(rows.unflatten(0, (-1, size))).flatten(0, 1)


def mean_of_rows(rows: Tensor) -> Tensor:
    """Return the mean over rows and, of images, over positions: [B, C, ...] -> [1, C, 1, ...].

    As a product with equal weights: a sum over rows, and its derivatives, compile to loops with
    strides, which took four times as long for a whole update.
    """
    positions = rows.flatten(2).mean(dim=2) if rows.dim() > 2 else rows
    weights = torch.full_like(positions[:, 0], 1 / rows.shape[0])
    return (weights @ positions).reshape(1, -1, *[1] * (rows.dim() - 2))


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation: (x - mean) / sd * gain + bias, with statistics of each group of rows.

    For images, statistics are also over all positions of a channel. Ioffe and Szegedy, 2015, arXiv
    1502.03167, without running statistics: the statistics are always those of the current batch,
    and a gradient penalty includes the dependence of one row's output on the other rows. `group` is
    the number of consecutive rows that share statistics.
    """

    group: int
    eps: float = 1e-5

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        return {"gain": torch.ones(shape[0]), "bias": torch.zeros(shape[0])}, shape

    def apply(self, params: Params, x: Tensor) -> Tensor:
        channels = (1, -1, *[1] * (x.dim() - 2))

        def normed(rows: Tensor) -> Tensor:
            centred = rows - mean_of_rows(rows)
            return centred * torch.rsqrt(mean_of_rows(centred.square()) + self.eps)

        gain, bias = (params[name].reshape(channels) for name in ("gain", "bias"))
        return in_groups(x, self.group, normed) * gain + bias


def batch_normed(net: Net, group: int) -> Net:
    """Return the network with `BatchNorm` before every activation but the first.

    Without biases before it, which `BatchNorm` cancels: their gradient is only rounding error,
    which Adam would scale up to steps of full size.
    """
    layers: list[Layer] = []
    first = True
    for layer, after in zip(net.layers, [*net.layers[1:], None], strict=True):
        normed = isinstance(after, Activation) and not first
        layers += [_without_bias(layer), BatchNorm(group)] if normed else [layer]
        first = first and not isinstance(after, Activation)
    return Net(tuple(layers))


def batch_normed_inputs(net: Net, group: int) -> Net:
    """Return the network with `BatchNorm` before every layer with weights, the first included."""
    layers: list[Layer] = []
    for layer in net.layers:
        weighted = isinstance(layer, Dense | Conv) or hasattr(layer, "inner")
        layers += [BatchNorm(group), layer] if weighted else [layer]
    return Net(tuple(layers))


def _without_bias(layer: Any) -> Any:
    """Return the layer, or the layer that it wraps, without a bias."""
    if isinstance(layer, Dense | Conv):
        return replace(layer, bias=False)
    return replace(layer, inner=_without_bias(layer.inner)) if hasattr(layer, "inner") else layer


@dataclass(frozen=True)
class MinibatchDiscrimination:
    """Minibatch discrimination: append each row's closeness to the other rows of its group.

    o_k(x_i) = mean over j != i of exp(-norm_1(M_ik - M_jk)), M = x T / rms(x), [B, F] -> [B, F +
    kernels] (Salimans et al., 2016, arXiv 1606.03498, section 3.2). T is learned: `kernels`
    projections to `dims` dimensions each. rms(x) is the root mean square of all features of the
    group, a constant to gradients.
    """

    kernels: int
    dims: int
    group: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        (size,) = shape
        tensor = uniform_init(rng.fold(key, "tensor"), (self.dims * self.kernels, size), size)
        return {"tensor": tensor}, (size + self.kernels,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        def closeness(rows: Tensor) -> Tensor:
            # One dimension at a time, for all kernels: the compiled loops then have no strides.
            size = torch.sqrt(rows.detach().square().mean() + 1e-12)
            projected = (rows / size @ params["tensor"].T).unflatten(1, (self.dims, self.kernels))
            parts = [(part[:, None] - part).abs() for part in projected.unbind(dim=1)]
            distance = reduce(torch.add, parts)
            near = torch.exp(-distance).sum(dim=1) - 1.0  # without its closeness to itself
            return near / max(rows.shape[0] - 1, 1)

        return torch.cat([x, in_groups(x, self.group, closeness)], dim=1)


@dataclass(frozen=True)
class MinibatchStddev:
    """Minibatch standard deviation: append the features' mean deviation over each group of rows.

    [B, F] -> [B, F + 1] (Karras et al., 2018, arXiv 1710.10196, section 3). If the number of rows
    is not a multiple of `group`, all rows are one group.
    """

    group: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        (size,) = shape
        return {}, (size + 1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        def variety(rows: Tensor) -> Tensor:
            spread = (rows - rows.mean(dim=0)).square().mean(dim=0)
            return torch.sqrt(spread + 1e-8).mean().expand(rows.shape[0], 1)

        return torch.cat([x, in_groups(x, self.group, variety)], dim=1)
