"""Trained actors, stored beside the records so that `show` can run one; not part of results.

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
    """Return the path of a record's actor."""
    return beside(record, "actors", ".npz")


def packed(spec: str, seed: int, params: dict[str, NDArray[np.floating]]) -> bytes:
    """Return the bytes of an .npz file with one seed's actor and its spec hash."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{"spec": np.array(spec), "seed": np.array(seed)}, **params)
    return file.getvalue()


def keep(record: Path, actor: bytes) -> None:
    """Write a packed actor beside its record."""
    path = actor_path(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(actor)


def load(record: Path, spec: str) -> tuple[int, Params] | None:
    """Return seed and actor of a record if they have the hash `spec`, else None.

    Also None if the file is missing or damaged.
    """
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
        return None  # damaged: treated as missing
