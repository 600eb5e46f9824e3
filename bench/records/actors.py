"""Trained actors beside the records, so that `show` can let one act: a convenience, not evidence.

They are written as plain arrays below results/actors/, which git ignores; no report reads them.
"""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from bench.functional.pytree import Params
from bench.records.paths import beside


def actor_path(record: Path) -> Path:
    """Where the actor of a record belongs."""
    return beside(record, "actors", ".npz")


def packed(spec: str, seed: int, params: dict[str, NDArray[np.floating]]) -> bytes:
    """One seed's actor, with the hash of the code it was trained by, as the bytes of a file."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{"spec": np.array(spec), "seed": np.array(seed)}, **params)
    return file.getvalue()


def keep(record: Path, actor: bytes) -> None:
    """Write a packed actor where it belongs."""
    path = actor_path(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(actor)


def load(record: Path, spec: str) -> tuple[int, Params] | None:
    """The seed and the actor trained by just this code, or None if there is none."""
    path = actor_path(record)
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            if str(arrays["spec"]) != spec:
                return None
            names = [name for name in arrays.files if name not in {"spec", "seed"}]
            return int(arrays["seed"]), {name: torch.from_numpy(arrays[name]) for name in names}
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # damaged is as good as none
