"""MNIST as training data: 5,000 images, and the hashes that identify them."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from bench.scoring import mnist, mnist_classifier


@functools.cache
def images(device: torch.device) -> Tensor:
    """All 5,000 images [N, 784], as bytes, sorted by digit. Raises `BadData`."""
    # np.array, because PyTorch wants to write. as_tensor copies outside vmap and tracing; .to()
    # would cache one of their tensors.
    return torch.as_tensor(np.array(mnist.images()[0]), device=device)


def sources() -> dict[str, str]:
    """SHA-256 of the file with the images and of the classifier's weights."""
    return {"mnist": mnist.SHA256, "classifier": mnist_classifier.SHA256}
