"""A small convolutional classifier of 8x8 digits: the feature extractor for the digits' scores.

It was trained by this module on the digits of scikit-learn. The weights are shipped, so that an
installation never trains:

    python -m bench.scoring.classifier       trains again (about 10 s), prints accuracy and SHA-256

Images are 64 numbers in [-1, 1]. The features are the 32 units before the last layer, with leaky
ReLU: with ReLU some units die and make the covariance singular, and with bounded units (tanh)
uniform noise is closer to the digits than samples of a half-trained GAN.

Every fifth image is held out. Held-out images share their writers with the others, so the accuracy
is for these digits and does not generalise to other handwriting.
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
from bench.scoring.datasets import BadData

Array = NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "assets" / "digits_classifier.npz"
SHA256 = "3b89c7a98c395cfc89d97f7866165aab889a9c6944b6eed576e6a430857c5540"
IMAGES_SHA256 = "8aa4a98f227fcb6c0e09f481387d6fb1d13ed860d89d558098140c841f9d9acf"
"""SHA-256 of the scaled images, known without loading them."""
FEATURES = 32
_SHAPES = {
    "conv1/weight": (16, 1, 3, 3),
    "conv1/bias": (16,),
    "conv2/weight": (32, 16, 3, 3),
    "conv2/bias": (32,),
    "features/weight": (FEATURES, 512),
    "features/bias": (FEATURES,),
    "logits/weight": (10, FEATURES),
    "logits/bias": (10,),
}


class WrongWeights(ValueError):
    """The file of weights is missing, or is not the one that is shipped."""


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
            f"{path} has SHA-256 {found[:12]}..., but bench/scoring/classifier.py expects "
            f"{SHA256[:12]}...: restore the file, scores by other weights cannot be compared"
        )
    with np.load(path, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in _SHAPES}


_loaded = functools.cache(load)


def features_and_logits(images: NDArray[np.floating]) -> tuple[Array, Array]:
    """Return features [N, 32] and logits [N, 10], float64, of images [N, 64] in [-1, 1]."""
    with torch.inference_mode():
        rows = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        # A thousand at a time: 15,000 at once do not fit the cache and take three times as long.
        parts = [_forward(_loaded(), some) for some in rows.split(1000)]
        features, logits = (torch.cat(each).double().numpy() for each in zip(*parts, strict=True))
        return features, logits


def _forward(params: Params, images: Tensor) -> tuple[Tensor, Tensor]:
    x = images.reshape(-1, 1, 8, 8)
    x = torch.relu(functional.conv2d(x, params["conv1/weight"], params["conv1/bias"], padding=1))
    x = functional.conv2d(x, params["conv2/weight"], params["conv2/bias"], stride=2, padding=1)
    x = torch.relu(x).flatten(1)
    x = functional.linear(x, params["features/weight"], params["features/bias"])
    x = functional.leaky_relu(x, 0.1)
    return x, functional.linear(x, params["logits/weight"], params["logits/bias"])


def train(*, epochs: int = 40, rows: int = 64, lr: float = 2e-3) -> Params:
    """Train and return new weights, by Adam with a cosine learning-rate schedule down to 0.

    Reproducible bit for bit on the same machine and PyTorch version with one thread. Other
    processors and versions sum in another order, so there only the accuracy is the same.
    """
    images, classes = (torch.from_numpy(part) for part in digits())
    seen = torch.from_numpy(~held_out(len(images)))
    images, classes = images[seen], classes[seen]
    key = rng.fold(rng.seed_key(0), "digits classifier")
    params = _fresh(rng.fold(key, "init"))

    def loss(params: Params, batch: Tensor) -> Tensor:
        _, logits = _forward(params, images[batch])
        return functional.cross_entropy(logits, classes[batch])

    state, updates = Adam().init(params), epochs * len(images) // rows
    for update in range(updates):
        batch = rng.integers(rng.fold(rng.fold(key, "batch"), update), (rows,), len(images))
        now = 0.5 * lr * (1.0 + math.cos(math.pi * update / updates))
        params, state = Adam(now).update(params, torch.func.grad(loss)(params, batch), state)
    return params


def _fresh(key: Tensor) -> Params:
    """Return weights uniform in +-1/sqrt(fan in), PyTorch's default, and zero biases."""
    params: Params = {}
    for name, shape in _SHAPES.items():
        uniform = 2.0 * rng.uniform(rng.fold(key, name), shape).float() - 1.0
        params[name] = uniform / math.sqrt(math.prod(shape[1:])) if shape[1:] else 0.0 * uniform
    return params


def accuracy(params: Params) -> float:
    """Return the accuracy on the held-out images, in [0, 1]."""
    images, classes = digits()
    held = held_out(len(images))
    with torch.inference_mode():
        _, logits = _forward(params, torch.from_numpy(images[held]))
    return float((logits.numpy().argmax(axis=1) == classes[held]).mean())


def save(params: Params, path: Path) -> str:
    """Write the weights and return the file's SHA-256; equal weights give equal bytes."""
    arrays = {name: params[name].numpy() for name in _SHAPES}
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
