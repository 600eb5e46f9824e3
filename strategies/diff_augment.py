"""Shows the critic everything through a random differentiable transform, in both losses."""

import torch
from torch import Tensor

from bench import rng
from bench.game import Examples
from bench.strategy import At, Strategy

HOME = "gan"
SOURCE = "Zhao et al., 2020, arXiv 2006.10738; vectors as in Laskin et al., 2020, arXiv 2004.14990"
NEUTRAL = {"share": 0.0}
SEARCH = {"share": (0.5, 1.0)}


def diff_augment(*, share: float = 1.0) -> Strategy:
    """Shows the critic everything through a random differentiable transform, in both losses.

    A share of the rows, drawn each time, is transformed: images get a random brightness, saturation
    and contrast, are shifted by up to 1/8 of their sides and lose a random square of half their
    sides; of vectors,
    observation and action are multiplied by one number from [0.8, 1.2). The actor's gradient goes
    through the transform. share = 0 is neutral.

    Paper against here: images as in the paper's code; vectors by RAD's random amplitude scaling,
    which has no counterpart in the GAN paper.
    """

    def examples(value: Examples, at: At) -> Examples:
        key, rows = rng.fold(at.key, value.role), value.action.shape[0]
        changed = rng.uniform(rng.fold(key, "whether"), (rows, 1)) < share
        if at.game.image_shape is not None:
            images = value.action.reshape(rows, *at.game.image_shape)
            moved = _cut(_shifted(_coloured(images, key), key), key).flatten(1)
            return value._replace(action=torch.where(changed, moved, value.action))
        scale = 0.8 + 0.4 * rng.uniform(rng.fold(key, "scale"), (rows, 1))
        return value._replace(
            obs=torch.where(changed, scale * value.obs, value.obs),
            action=torch.where(changed, scale * value.action, value.action),
        )

    return Strategy(name="diff_augment", examples=examples, after=("target_smoothing",))


def _coloured(images: Tensor, key: Tensor) -> Tensor:
    """Brightness by +-1/2, saturation by 0 to 2, contrast by 1/2 to 3/2."""

    def drawn(name: str) -> Tensor:
        return rng.uniform(rng.fold(key, name), (images.shape[0], 1, 1, 1))

    images = images + drawn("light") - 0.5
    grey = images.mean(dim=1, keepdim=True)
    images = grey + 2.0 * drawn("saturation") * (images - grey)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (0.5 + drawn("contrast")) * (images - level)


def _shifted(images: Tensor, key: Tensor) -> Tensor:
    """Each image moved by whole pixels; zeros come in."""
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


def _cut(images: Tensor, key: Tensor) -> Tensor:
    """Each image with a square of zeros, whose centre is anywhere."""
    outside = torch.zeros(images.shape[0], 1, 1, 1, dtype=torch.bool, device=images.device)
    for axis, name in ((2, "row"), (3, "column")):
        side = images.shape[axis]
        centre = rng.integers(rng.fold(key, name), (images.shape[0],), side)
        distance = torch.arange(side, device=images.device) - centre[:, None]
        shape = [images.shape[0], 1, 1, 1]
        shape[axis] = side
        outside = outside | ((distance < -(side // 4)) | (distance >= side // 4)).reshape(shape)
    return torch.where(outside, images, 0.0)
