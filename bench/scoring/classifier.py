"""What the small convolutional classifiers of handwritten digits share: files, training, features.

`digits_classifier` and `mnist_classifier` each describe one `Classifier`. The weights are shipped,
so that an installation never trains.

Every fifth image is held out. Held-out images share their writers with the others, so an accuracy
is for these images and does not generalise to other handwriting.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.functional import rng
from bench.functional.optim import Adam
from bench.functional.pytree import Params

Array = NDArray[np.float64]
Images = NDArray[np.floating[Any]]

ASSETS = Path(__file__).parent / "assets"
CLASSES = 10
SIZE = 1000
"""Images looked at together. 15,000 at once do not fit the cache and take three times as long."""


class WrongWeights(ValueError):
    """The file of weights is missing, or is not the one that is shipped."""


def held_out(rows: int) -> NDArray[np.bool_]:
    """Return the mask [rows] of images that are held out from training: every fifth."""
    return np.arange(rows) % 5 == 0


@dataclass(frozen=True, eq=False)
class Classifier:
    """A classifier whose weights are a file of this package.

    `forward` returns features and logits [N, 10] of flat images [N, pixels] in [-1, 1]. Weights are
    stored as `stored` and computed with in float32. `name` is that of its file and its module.
    """

    name: str
    sha256: str
    shapes: Mapping[str, tuple[int, ...]]
    forward: Callable[[Params, Tensor], tuple[Tensor, Tensor]]
    stored: type[np.floating[Any]] = np.float32

    @property
    def weights(self) -> Path:
        """The file that is shipped."""
        return ASSETS / f"{self.name}.npz"

    def load(self, path: Path | None = None) -> Params:
        """Return the shipped weights (float32). Raises `WrongWeights` if the file is another."""
        path = path or self.weights
        if not path.is_file():
            raise WrongWeights(f"{path} is missing: restore the file that is shipped")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise WrongWeights(
                f"{path} has SHA-256 {found[:12]}..., but bench/scoring/{self.name}.py expects "
                f"{self.sha256[:12]}...: restore the file, scores by other weights cannot be "
                "compared"
            )
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]).float() for name in self.shapes}

    @functools.cached_property
    def _loaded(self) -> Params:
        return self.load()

    def features_and_logits(self, images: Images) -> tuple[Array, Array]:
        """Return features [N, features] and logits [N, 10], float64, of images [N, pixels].

        Images are in [-1, 1]. Raises `WrongWeights`, as `load` does.
        """
        with torch.inference_mode():
            # A part at a time becomes float32 too: there may be 76,800 images.
            parts = [
                self.forward(self._loaded, torch.from_numpy(some.astype(np.float32)))
                for some in np.split(images, range(SIZE, len(images), SIZE))
            ]
            features, logits = (
                torch.cat(each).double().numpy() for each in zip(*parts, strict=True)
            )
        return features, logits

    def labels(self, images: Images) -> NDArray[np.int64]:
        """Return the digit [N] that it sees in each image. Raises `WrongWeights`."""
        return self.features_and_logits(images)[1].argmax(axis=1)

    def accuracy(self, params: Params, images: Images, classes: NDArray[np.int64]) -> float:
        """Return the accuracy on the held-out ones of all images, in [0, 1]."""
        held = held_out(len(images))
        with torch.inference_mode():
            _, logits = self.forward(params, torch.from_numpy(images[held]))
        return float((logits.numpy().argmax(axis=1) == classes[held]).mean())

    def train(
        self,
        key: Tensor,
        batch: Callable[[int], tuple[Tensor, Tensor]],
        updates: int,
        lr: float = 2e-3,
    ) -> Params:
        """Return new weights, by Adam with a cosine learning-rate schedule down to 0.

        `batch` gives images and classes of an update. Reproducible bit for bit on the same machine
        and PyTorch version with one thread. Other processors and versions sum in another order, so
        there only the accuracy is the same.
        """
        params = self._fresh(rng.fold(key, "init"))

        def loss(params: Params, images: Tensor, classes: Tensor) -> Tensor:
            return functional.cross_entropy(self.forward(params, images)[1], classes)

        state = Adam().init(params)
        for update in range(updates):
            rate = 0.5 * lr * (1.0 + math.cos(math.pi * update / updates))
            grads = torch.func.grad(loss)(params, *batch(update))
            params, state = Adam(rate).update(params, grads, state)
        return params

    def _fresh(self, key: Tensor) -> Params:
        """Return weights uniform in +-1/sqrt(fan in), PyTorch's default, and zero biases."""
        params: Params = {}
        for name, shape in self.shapes.items():
            uniform = 2.0 * rng.uniform(rng.fold(key, name), shape).float() - 1.0
            params[name] = uniform / math.sqrt(math.prod(shape[1:])) if shape[1:] else 0.0 * uniform
        return params

    def save(self, params: Params, path: Path) -> str:
        """Write the weights and return the file's SHA-256; equal weights give equal bytes."""
        arrays = {name: params[name].numpy().astype(self.stored) for name in self.shapes}
        np.savez(path, allow_pickle=False, **arrays)  # NumPy gives every member the date 1980
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def ship(self, params: Params, images: Images, classes: NDArray[np.int64]) -> None:
        """Write new weights in place of the shipped ones, and print their accuracy and hash."""
        ASSETS.mkdir(exist_ok=True)
        digest = self.save(params, self.weights)
        print(f"held-out accuracy {self.accuracy(params, images, classes):.4f}")
        print(f"sha256 {digest}")
        if digest != self.sha256:
            print(f"other weights than before: bench/scoring/{self.name}.py must name their hash")


def as_features(params: Params, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return features and logits of what the convolutions give [N, ...].

    The features are the units before the last layer, with leaky ReLU: with ReLU some units die and
    make the covariance singular, and with bounded units (tanh) uniform noise is closer to the
    digits than samples of a half-trained GAN.
    """
    x = functional.linear(x.flatten(1), params["features/weight"], params["features/bias"])
    x = functional.leaky_relu(x, 0.1)
    return x, functional.linear(x, params["logits/weight"], params["logits/bias"])
