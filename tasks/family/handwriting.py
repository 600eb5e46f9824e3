"""scikit-learn's handwritten digits as training data, and the hashes that identify them."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from bench.scoring import digits_classifier


def images(device: torch.device) -> Tensor:
    """All 1,797 images [N, 64] in [-1, 1], in the default dtype."""
    return _images(torch.get_default_dtype(), device)


@functools.cache
def _images(dtype: torch.dtype, device: torch.device) -> Tensor:
    # as_tensor copies outside vmap and tracing; .to() would cache one of their tensors.
    return torch.as_tensor(digits_classifier.digits()[0], dtype=dtype, device=device)


def sources() -> dict[str, str]:
    """SHA-256 of the images and of the classifier's weights."""
    return {"digits": digits_classifier.IMAGES_SHA256, "classifier": digits_classifier.SHA256}
