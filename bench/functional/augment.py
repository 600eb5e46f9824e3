"""Differentiable random augmentation (DiffAugment) of images [B, channels, height, width], states.

As in the released code of Zhao et al., 2020, arXiv 2006.10738: colour, then translation, then
cutout. Random numbers come from a key; each image has its own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bench.functional import rng


def transformed(
    obs: Tensor, action: Tensor, key: Tensor, *, images: tuple[int, ...] | None, states: bool
) -> tuple[Tensor, Tensor]:
    """Return observations [B, O] and actions [B, A], each row after a random transform.

    Actions that are images of shape `images` are augmented. Where observations are `states`, they
    are multiplied by one number from [0.8, 1.2) and the action is left as it is (RAD's random
    amplitude scaling: Laskin et al., 2020, arXiv 2004.14990); elsewhere the action is multiplied.
    """
    rows = action.shape[0]
    if images is not None:
        return obs, augmented(action.reshape(rows, *images), key).flatten(1)
    scale = 0.8 + 0.4 * rng.uniform(rng.fold(key, "scale"), (rows, 1))
    return (scale * obs, action) if states else (obs, scale * action)


def augmented(images: Tensor, key: Tensor) -> Tensor:
    """Return images [B, C, H, W] after random colour changes, a translation and a cutout."""
    return cut(shifted(coloured(images, key), key), key)


def coloured(images: Tensor, key: Tensor) -> Tensor:
    """Add -1/2 to 1/2 to the brightness; scale saturation by 0 to 2, contrast by 1/2 to 3/2."""

    def drawn(name: str) -> Tensor:
        return rng.uniform(rng.fold(key, name), (images.shape[0], 1, 1, 1))

    images = images + drawn("light") - 0.5
    grey = images.mean(dim=1, keepdim=True)
    images = grey + 2.0 * drawn("saturation") * (images - grey)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (0.5 + drawn("contrast")) * (images - level)


def shifted(images: Tensor, key: Tensor) -> Tensor:
    """Translate each image by whole pixels, padding with zeros.

    At most by an eighth of the side, or by one pixel if that is more.
    """
    for axis, name in ((2, "down"), (3, "right")):
        side = images.shape[axis]
        reach = max(1, side // 8)
        by = rng.integers(rng.fold(key, name), (images.shape[0],), 2 * reach + 1) - reach
        source = torch.arange(side, device=images.device) - by[:, None]  # [B, side]
        shape = [images.shape[0], 1, 1, 1]
        shape[axis] = side
        inside = ((source >= 0) & (source < side)).reshape(shape)
        index = source.clamp(0, side - 1).reshape(shape).expand(images.shape)
        images = torch.where(inside, images.gather(axis, index), 0.0)
    return images


def cut(images: Tensor, key: Tensor) -> Tensor:
    """Set a square of half the side to zero in each image; its centre is any pixel."""
    outside = torch.zeros(images.shape[0], 1, 1, 1, dtype=torch.bool, device=images.device)
    for axis, name in ((2, "row"), (3, "column")):
        side = images.shape[axis]
        centre = rng.integers(rng.fold(key, name), (images.shape[0],), side)
        distance = torch.arange(side, device=images.device) - centre[:, None]
        shape = [images.shape[0], 1, 1, 1]
        shape[axis] = side
        outside = outside | ((distance < -(side // 4)) | (distance >= side // 4)).reshape(shape)
    return torch.where(outside, images, 0.0)
