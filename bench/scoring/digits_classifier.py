"""A small convolutional classifier of 8x8 digits: the feature extractor for the digits' scores.

It was trained by this module on the digits of scikit-learn:

    python -m bench.scoring.digits_classifier    trains again (10 s), prints accuracy and SHA-256

Images are 64 numbers in [-1, 1]. The features are the 32 units before the last layer.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.functional import rng
from bench.functional.pytree import Params
from bench.scoring.classifier import CLASSES, Classifier, as_features, held_out
from bench.scoring.datasets import BadData

SHA256 = "3b89c7a98c395cfc89d97f7866165aab889a9c6944b6eed576e6a430857c5540"
IMAGES_SHA256 = "8aa4a98f227fcb6c0e09f481387d6fb1d13ed860d89d558098140c841f9d9acf"
"""SHA-256 of the scaled images, known without loading them."""
FEATURES = 32


@functools.cache
def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return all 1,797 images [N, 64], scaled from 0..16 to [-1, 1], and their classes [N].

    Raises `BadData` if scikit-learn's digits are not those that the weights were trained on.
    """
    from sklearn.datasets import load_digits  # importing takes a second: only for digits

    images, classes = load_digits(return_X_y=True)
    pixels = (images / 8.0 - 1.0).astype(np.float32)
    if hashlib.sha256(pixels.tobytes()).hexdigest() != IMAGES_SHA256:
        raise BadData(
            "the digits of the installed scikit-learn are not the published ones; install another "
            "version: pip install 'scikit-learn>=1.5'"
        )
    return pixels, classes.astype(np.int64)


def _forward(params: Params, images: Tensor) -> tuple[Tensor, Tensor]:
    x = images.reshape(-1, 1, 8, 8)
    x = torch.relu(functional.conv2d(x, params["conv1/weight"], params["conv1/bias"], padding=1))
    x = functional.conv2d(x, params["conv2/weight"], params["conv2/bias"], stride=2, padding=1)
    return as_features(params, torch.relu(x))


CLASSIFIER = Classifier(
    "digits_classifier",
    SHA256,
    {
        "conv1/weight": (16, 1, 3, 3),
        "conv1/bias": (16,),
        "conv2/weight": (32, 16, 3, 3),
        "conv2/bias": (32,),
        "features/weight": (FEATURES, 512),
        "features/bias": (FEATURES,),
        "logits/weight": (CLASSES, FEATURES),
        "logits/bias": (CLASSES,),
    },
    _forward,
)


def train(*, epochs: int = 40, rows: int = 64) -> Params:
    """Train and return new weights. Raises `BadData`, as `digits` does."""
    images, classes = (torch.from_numpy(part) for part in digits())
    seen = torch.from_numpy(~held_out(len(images)))
    images, classes = images[seen], classes[seen]
    key = rng.fold(rng.seed_key(0), "digits classifier")

    def batch(update: int) -> tuple[Tensor, Tensor]:
        use = rng.fold(rng.fold(key, "batch"), update)
        rows_drawn = rng.integers(use, (rows,), len(images))
        return images[rows_drawn], classes[rows_drawn]

    return CLASSIFIER.train(key, batch, epochs * len(images) // rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    CLASSIFIER.ship(train(), *digits())
