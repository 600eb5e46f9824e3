"""Pytrees: nested dicts and named tuples of tensors, as parameters, optimizer states, memories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree

Params = dict[str, Tensor]
"""One player's parameters: "<layer position>/<name>" -> tensor."""


def tmap(fn: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply `fn` leaf by leaf to trees of the same structure."""
    return _pytree.tree_map(fn, tree, *others)


def leaves(tree: Any) -> list[Any]:
    """Return all leaves of a tree, in a fixed order."""
    return _pytree.tree_leaves(tree)


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Return the leaves of a tree, and the structure from which `unflatten` rebuilds it."""
    return _pytree.tree_flatten(tree)


def unflatten(leaves: list[Any], structure: Any) -> Any:
    """Rebuild a tree from its leaves and its structure; the inverse of `flatten`."""
    return _pytree.tree_unflatten(leaves, structure)


def lerp(start: Any, end: Any, weight: float | Tensor) -> Any:
    """Return `start + weight * (end - start)` by leaf; weight 0 returns `start` bit for bit."""
    return tmap(lambda a, b: a + weight * (b - a), start, end)


def ravel(params: Params) -> Tensor:
    """Concatenate all parameters into one vector [P]."""
    return torch.cat([leaf.reshape(-1) for leaf in params.values()])


def unravel(vector: Tensor, like: Params) -> Params:
    """Split a vector [P] into the names and shapes of `like`; the inverse of `ravel`."""
    sizes = [leaf.numel() for leaf in like.values()]
    pieces = torch.split(vector, sizes)
    return {
        name: piece.reshape(leaf.shape)
        for (name, leaf), piece in zip(like.items(), pieces, strict=True)
    }


def norm(params: Params) -> Tensor:
    """Return the Euclidean norm over all parameters, a scalar."""
    vector = ravel(params)
    return torch.sqrt((vector * vector).sum())


def take(tree: Any, index: int) -> Any:
    """Return index `index` of every leaf's first dimension, such as one seed's state."""
    return tmap(lambda leaf: leaf[index], tree)
