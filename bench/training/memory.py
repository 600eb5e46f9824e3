"""Keeps freed memory in the process, so that updates need not ask the system for it again.

By default the C library returns large blocks to the system when they are freed. Tensors of every
update are then new pages, which the system clears one by one: on images that took from a tenth to
half of an update.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # from malloc.h of glibc


def keep() -> None:
    """Keep what is freed from now on, until `give_back`. Does nothing without glibc."""
    mallopt = _from_c("mallopt")
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, -1)  # never shrink the heap
        mallopt(MMAP_MAX, 0)  # have no blocks outside of it


def give_back() -> None:
    """Return to the system what is free now: an evaluation can need much more than an update."""
    trim = _from_c("malloc_trim")
    if trim is not None:
        trim(0)


def _from_c(name: str) -> Callable[..., int] | None:
    """Return a function of the C library on Linux, or None if it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
