"""A small convolutional classifier of 28x28 digits: the feature extractor for the MNIST scores.

It was trained by this module on 4,000 of the images of `bench.scoring.mnist`:

    python -m bench.scoring.mnist_classifier    trains again (15 s), prints accuracy and SHA-256

Of the 1,000 held-out images, 100 of each digit, the shipped weights know 98.2 %. While training,
the images of a batch are moved by up to two pixels in either direction: without it, 4,000 images
give 96 %. The features are the 64 units before the last layer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.functional import rng
from bench.functional.pytree import Params
from bench.scoring import mnist
from bench.scoring.classifier import Classifier, as_features, held_out

SHA256 = "2c7f5c9f50098eb3264a5a30a89a9b508ed385e6d4c0d25cde2018e7ee51d970"
FEATURES = 64
SHIFT = 2  # pixels


def _forward(params: Params, images: Tensor) -> tuple[Tensor, Tensor]:
    x = images.reshape(-1, 1, mnist.SIDE, mnist.SIDE)
    for layer in ("conv1", "conv2"):  # each halves the sides: 14, 7
        weight, bias = params[f"{layer}/weight"], params[f"{layer}/bias"]
        x = torch.relu(functional.conv2d(x, weight, bias, stride=2, padding=1))
    return as_features(params, x)


CLASSIFIER = Classifier(
    "mnist_classifier",
    SHA256,
    {
        "conv1/weight": (16, 1, 3, 3),
        "conv1/bias": (16,),
        "conv2/weight": (32, 16, 3, 3),
        "conv2/bias": (32,),
        "features/weight": (FEATURES, 1568),
        "features/bias": (FEATURES,),
        "logits/weight": (mnist.CLASSES, FEATURES),
        "logits/bias": (mnist.CLASSES,),
    },
    _forward,
    stored=np.float16,
)


def train(*, epochs: int = 40, rows: int = 64) -> Params:
    """Train and return new weights, rounded to float16. Raises `BadData`."""
    pixels, classes = mnist.images()
    seen = ~held_out(len(pixels))
    images, labels = torch.from_numpy(mnist.scaled(pixels[seen])), torch.from_numpy(classes[seen])
    images = images.reshape(-1, 1, mnist.SIDE, mnist.SIDE)
    framed = functional.pad(images, (SHIFT,) * 4, value=-1.0)  # in black
    key = rng.fold(rng.seed_key(0), "mnist classifier")

    def batch(update: int) -> tuple[Tensor, Tensor]:
        now = rng.fold(key, update)
        drawn = rng.integers(rng.fold(now, "batch"), (rows,), len(images))
        down, right = rng.integers(rng.fold(now, "shift"), (2,), 2 * SHIFT + 1).tolist()
        return framed[drawn, :, down : down + mnist.SIDE, right : right + mnist.SIDE], labels[drawn]

    params = CLASSIFIER.train(key, batch, epochs * len(images) // rows)
    return {name: leaf.half().float() for name, leaf in params.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    pixels, classes = mnist.images()
    CLASSIFIER.ship(train(), mnist.scaled(pixels), classes)
