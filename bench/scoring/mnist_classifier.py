"""A small convolutional classifier of 28x28 digits: the feature extractor for the MNIST scores.

It was trained by this module on 4,000 of the images of `bench.scoring.mnist`. The weights are
shipped, so that an installation never trains:

    python -m bench.scoring.mnist_classifier    trains again (about 15 s), prints accuracy, SHA-256

Every fifth image is held out, 100 of each digit; of these 1,000 the shipped weights know 98.2 %.
While training, the images of a batch are moved by up to two pixels in either direction: without it,
4,000 images give 96 %. The features are the 64 units before the last layer, with leaky ReLU, as in
`bench.scoring.classifier`. Weights are rounded to float16 and computed with in float32.
"""

from __future__ import annotations

import functools
import hashlib
import math
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.functional import rng
from bench.functional.optim import Adam
from bench.functional.pytree import Params
from bench.scoring import mnist
from bench.scoring.classifier import WrongWeights

Array = NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "assets" / "mnist_classifier.npz"
SHA256 = "2c7f5c9f50098eb3264a5a30a89a9b508ed385e6d4c0d25cde2018e7ee51d970"
FEATURES = 64
SHIFT = 2  # pixels
_SHAPES = {
    "conv1/weight": (16, 1, 3, 3),
    "conv1/bias": (16,),
    "conv2/weight": (32, 16, 3, 3),
    "conv2/bias": (32,),
    "features/weight": (FEATURES, 1568),
    "features/bias": (FEATURES,),
    "logits/weight": (mnist.CLASSES, FEATURES),
    "logits/bias": (mnist.CLASSES,),
}


def held_out(rows: int) -> NDArray[np.bool_]:
    """Return the mask [rows] of images that are held out from training: every fifth."""
    return np.arange(rows) % 5 == 0


def load(path: Path = WEIGHTS) -> Params:
    """Return the shipped weights (float32). Raises `WrongWeights` if the file is another one."""
    if not path.is_file():
        raise WrongWeights(f"{path} is missing: restore the file that is shipped")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise WrongWeights(
            f"{path} has SHA-256 {found[:12]}..., but bench/scoring/mnist_classifier.py expects "
            f"{SHA256[:12]}...: restore the file, scores by other weights cannot be compared"
        )
    with np.load(path, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]).float() for name in _SHAPES}


_loaded = functools.cache(load)


def features_and_logits(images: NDArray[np.floating]) -> tuple[Array, Array]:
    """Return features [N, 64] and logits [N, 10], float64, of images [N, 784] in [-1, 1].

    Raises `WrongWeights`, as `load` does.
    """
    with torch.inference_mode():
        rows = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        parts = [_forward(_loaded(), some) for some in rows.split(1000)]
        features, logits = (torch.cat(each).double().numpy() for each in zip(*parts, strict=True))
        return features, logits


def digits(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the digit [N] that the classifier sees in each image [N, 784] in [-1, 1].

    Raises `WrongWeights`, as `load` does.
    """
    with torch.inference_mode():
        # A thousand at a time become float32: stacked images are 76,800.
        parts = [
            _forward(_loaded(), torch.from_numpy(some.astype(np.float32)))[1].argmax(dim=1)
            for some in np.split(images, range(1000, len(images), 1000))
        ]
        return torch.cat(parts).numpy()


def _forward(params: Params, images: Tensor) -> tuple[Tensor, Tensor]:
    x = images.reshape(-1, 1, mnist.SIDE, mnist.SIDE)
    for layer in ("conv1", "conv2"):  # each halves the sides: 14, 7
        weight, bias = params[f"{layer}/weight"], params[f"{layer}/bias"]
        x = torch.relu(functional.conv2d(x, weight, bias, stride=2, padding=1))
    x = functional.linear(x.flatten(1), params["features/weight"], params["features/bias"])
    x = functional.leaky_relu(x, 0.1)
    return x, functional.linear(x, params["logits/weight"], params["logits/bias"])


def train(*, epochs: int = 40, rows: int = 64, lr: float = 2e-3) -> Params:
    """Train and return new weights, by Adam with a cosine learning-rate schedule down to 0.

    Reproducible bit for bit on the same machine and PyTorch version with one thread. Other
    processors and versions sum in another order, so there only the accuracy is the same. Raises
    `BadData` if the images cannot be read.
    """
    pixels, classes = mnist.images()
    seen = ~held_out(len(pixels))
    images, labels = torch.from_numpy(mnist.scaled(pixels[seen])), torch.from_numpy(classes[seen])
    images = images.reshape(-1, 1, mnist.SIDE, mnist.SIDE)
    framed = functional.pad(images, (SHIFT,) * 4, value=-1.0)  # in black
    key = rng.fold(rng.seed_key(0), "mnist classifier")
    params = _fresh(rng.fold(key, "init"))

    def loss(params: Params, images: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(_forward(params, images)[1], labels)

    state, updates = Adam().init(params), epochs * len(images) // rows
    for update in range(updates):
        now = rng.fold(key, update)
        batch = rng.integers(rng.fold(now, "batch"), (rows,), len(images))
        down, right = rng.integers(rng.fold(now, "shift"), (2,), 2 * SHIFT + 1).tolist()
        moved = framed[batch, :, down : down + mnist.SIDE, right : right + mnist.SIDE]
        grads = torch.func.grad(loss)(params, moved, labels[batch])
        rate = 0.5 * lr * (1.0 + math.cos(math.pi * update / updates))
        params, state = Adam(rate).update(params, grads, state)
    return {name: leaf.half().float() for name, leaf in params.items()}


def _fresh(key: Tensor) -> Params:
    """Return weights uniform in +-1/sqrt(fan in), PyTorch's default, and zero biases."""
    params: Params = {}
    for name, shape in _SHAPES.items():
        uniform = 2.0 * rng.uniform(rng.fold(key, name), shape).float() - 1.0
        params[name] = uniform / math.sqrt(math.prod(shape[1:])) if shape[1:] else 0.0 * uniform
    return params


def accuracy(params: Params) -> float:
    """Return the accuracy on the held-out images, in [0, 1]. Raises `BadData`."""
    pixels, classes = mnist.images()
    held = held_out(len(pixels))
    with torch.inference_mode():
        _, logits = _forward(params, torch.from_numpy(mnist.scaled(pixels[held])))
    return float((logits.numpy().argmax(axis=1) == classes[held]).mean())


def save(params: Params, path: Path) -> str:
    """Write the weights as float16 and return the file's SHA-256; equal ones give equal bytes."""
    arrays = {name: params[name].half().numpy() for name in _SHAPES}
    np.savez(path, allow_pickle=False, **arrays)  # NumPy gives every member the date 1980
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Train, write the weights, and print their accuracy and hash."""
    torch.set_num_threads(1)
    params = train()
    WEIGHTS.parent.mkdir(exist_ok=True)
    digest = save(params, WEIGHTS)
    print(f"held-out accuracy {accuracy(params):.4f}")
    print(f"sha256 {digest}")
    if digest != SHA256:
        print("other weights than before: earlier scores no longer compare; SHA256 must name them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
