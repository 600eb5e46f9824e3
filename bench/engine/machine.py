"""What this process may use of its machine: processors, and folders with names of any length."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")
"""How many processors Slurm has allotted; not every Slurm binds processes to them."""

LONGEST_SOCKET = 107 if os.uname().sysname == "Linux" else 103
"""Bytes that the path of a Unix socket may have."""

SOCKET = len("/session_2026-12-31_23-59-59_999999_9999999/sockets/plasma_store.00000")
"""Bytes that Ray appends to its folder in the path of its longest socket."""


CACHE = "TORCHINDUCTOR_CACHE_DIR"

_set_aside: dict[str, str] = {}  # the variable, if it is unusable -> why


class NoFolder(ValueError):
    """There is no folder in which Ray can make its sockets."""


def allowed_cpus() -> int:
    """Return how many processors this process may use, by affinity, container and Slurm."""
    import joblib

    allotted = [int(text) for name in SLURM if (text := os.environ.get(name, "")).isdecimal()]
    return max(1, min([joblib.cpu_count(), *allotted[:1]]))


def socket_folder() -> str:
    """Return the folder for Ray's files: Ray's own choice, or one with a shorter name.

    Raises `NoFolder` if none is short enough and can be written.
    """
    asked = [os.environ.get(name) for name in ("RAY_TMPDIR", "TMPDIR")]
    for folder in [*filter(None, asked), tempfile.gettempdir(), "/tmp", "/var/tmp"]:
        path = os.path.join(os.path.abspath(folder), "ray")
        if len(os.fsencode(path)) + SOCKET <= LONGEST_SOCKET and _can_write(Path(path)):
            return path
    longest = LONGEST_SOCKET - SOCKET - len("/ray")
    raise NoFolder(
        f"no folder for Ray's sockets can be written: set RAY_TMPDIR to one whose path has at most "
        f"{longest} characters"
    )


def cache_problem() -> str | None:
    """Return why TORCHINDUCTOR_CACHE_DIR cannot be used; None if it can, or is not set."""
    if CACHE in _set_aside:  # PyTorch has put a folder of its own there by now
        return _set_aside[CACHE]
    folder = os.environ.get(CACHE)
    if not folder:
        return None
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return None
    except (OSError, ValueError) as error:
        return f"{CACHE}={folder} cannot be used: {getattr(error, 'strerror', error)}"


def set_cache_aside() -> None:
    """Unset TORCHINDUCTOR_CACHE_DIR if it cannot be used, which `cache_problem` still tells.

    Libraries make that folder when they are imported, also for commands that compile nothing.
    """
    _set_aside.clear()
    problem = cache_problem()
    if problem is not None:
        _set_aside[CACHE] = problem
        os.environ.pop(CACHE, None)


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError:
        return False
