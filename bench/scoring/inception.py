"""Features and logits by the original Inception-v3 (torch-fidelity), also of whole data sets."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.scoring import datasets
from bench.scoring.datasets import SOURCES, BadData, file_hash

Array = NDArray[np.float64]

ROWS = 100  # images in one forward pass


def features_and_logits(images: NDArray[np.uint8]) -> tuple[Array, Array]:
    """Return features [N, 2048] and bias-free logits [N, 1008] of images [N, 1 or 3, H, W].

    Images are uint8 numbers 0..255. Raises `BadData` if the weights are not the original ones.
    """
    model = _model(datasets.root() / SOURCES["inception"].files[0])
    features, logits = [], []
    with torch.inference_mode():
        for some in torch.from_numpy(images).split(ROWS):
            colour = some.expand(-1, 3, -1, -1)
            found = model(colour)
            features.append(found[0])
            logits.append(found[1])
    return torch.cat(features).double().numpy(), torch.cat(logits).double().numpy()


@functools.cache
def _model(weights: Path) -> Any:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    expected = SOURCES["inception"].identity.removeprefix("sha256 ")
    if not file_hash(weights).startswith(expected):  # before torch-fidelity unpickles it
        raise BadData(f"{weights} is not the file whose SHA-256 begins with {expected}")
    return FeatureExtractorInceptionV3(
        "inception-v3-compat",
        ["2048", "logits_unbiased"],
        feature_extractor_weights_path=str(weights),
    )


def real_features(name: str, shape: tuple[int, ...]) -> Array:
    """Return features [N, 2048] of all training images of a source, cached on disk."""
    rows = datasets.images(name)
    digest = hashlib.sha256(rows.numpy().tobytes()).hexdigest()[:16]
    weights = SOURCES["inception"].identity.split()[-1]
    kept = datasets.root() / "features" / f"{name}-{digest}-{weights}.npy"
    if not kept.is_file():
        features, _ = features_and_logits(rows.numpy().reshape(-1, *shape))
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Other processes may compute the same: each writes a temporary file of its own.
        handle, partial = tempfile.mkstemp(dir=kept.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            np.save(stream, features.astype(np.float32), allow_pickle=False)
        os.replace(partial, kept)
    return np.load(kept, allow_pickle=False).astype(np.float64)
