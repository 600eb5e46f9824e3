"""Keyed random numbers: each is a hash of (seed, name of its use, position); no global state.

A key is an int64 scalar tensor. `fold` derives a new key for a named use, and a draw hashes the key
with a running counter, so that

- a seed draws the same numbers alone and in any batch of seeds (`vmap` only adds a dimension),
- adding a strategy changes no other random numbers, because each folds its own name into the key,
- the first n rows of a draw do not depend on how many rows are drawn.

The hash is SplitMix64 (Steele, Lea and Flood, 2014, "Fast splittable pseudorandom number
generators"), written in wrapping int64 arithmetic, which PyTorch has on every device.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX_1 = 0xBF58476D1CE4E5B9 - (1 << 64)
_MIX_2 = 0x94D049BB133111EB - (1 << 64)


def _shift(bits: Tensor, by: int) -> Tensor:
    """Logical right shift; int64's own shift is arithmetic and would copy the sign bit."""
    return (bits >> by) & ((1 << (64 - by)) - 1)


def _mix(bits: Tensor) -> Tensor:
    bits = (bits ^ _shift(bits, 30)) * _MIX_1
    bits = (bits ^ _shift(bits, 27)) * _MIX_2
    return bits ^ _shift(bits, 31)


def seed_key(seed: int) -> Tensor:
    """Return the key of a run with this seed (any integer, also 0)."""
    return _mix(torch.tensor(seed, dtype=torch.int64) + _GOLDEN)


def fold(key: Tensor, use: str | int | Tensor) -> Tensor:
    """Derive a new key for one use, named by a string or numbered by an integer (tensor)."""
    # Mixing the use first makes fold(fold(key, 1), 2) differ from fold(fold(key, 2), 1).
    if isinstance(use, str):
        digest = hashlib.blake2b(use.encode(), digest_size=8).digest()
        return _mix(key + int.from_bytes(digest, "little", signed=True))
    if isinstance(use, int):
        return _mix(key + int(_mix(torch.tensor(use) + _GOLDEN)))
    return _mix(key + _mix(use.to(torch.int64) + _GOLDEN))


def _bits(key: Tensor, shape: tuple[int, ...]) -> Tensor:
    counter = torch.arange(1, math.prod(shape) + 1, dtype=torch.int64, device=key.device)
    return _mix(key + counter * _GOLDEN).reshape(shape)


def uniform(key: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Draw uniform numbers in [0, 1), of shape `shape` and the default dtype."""
    dtype = torch.get_default_dtype()
    # No more bits than the mantissa has, because rounding could then return 1.
    digits = 53 if dtype == torch.float64 else 24
    return _shift(_bits(key, shape), 64 - digits).to(dtype) * 2.0**-digits


def normal(key: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Draw standard normal numbers of shape `shape` and the default dtype (Box-Muller)."""
    dtype = torch.get_default_dtype()
    bits = _bits(key, shape)
    radius = 1.0 - _shift(bits, 40).to(dtype) * 2.0**-24  # in (0, 1]: the logarithm is finite
    angle = (bits & 0xFFFFFF).to(dtype) * (2.0 * math.pi * 2.0**-24)
    return torch.sqrt(-2.0 * torch.log(radius)) * torch.cos(angle)


def integers(key: Tensor, shape: tuple[int, ...], high: int | Tensor) -> Tensor:
    """Draw int64 integers in [0, high) of shape `shape`.

    `high` may be a scalar tensor that differs between seeds.
    """
    # 62 bits: the bias of the remainder is below high / 2**62.
    return _shift(_bits(key, shape), 2) % high
