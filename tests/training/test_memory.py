"""Freed memory stays with the process while it trains, and goes back after an evaluation."""

import platform
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is asked")

SCRIPT = """
import resource, torch
from bench.training import memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

memory.keep()
first, again = faults(), faults()
memory.give_back()
print(first, again, faults())
"""


def test_freed_memory_is_used_again_until_it_is_given_back() -> None:
    """64 MiB in a process of its own, counted in pages that the system had to clear."""
    root = Path(__file__).resolve().parents[2]
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=True
    )
    first, again, after = (int(each) for each in made.stdout.split())
    pages = (64 << 20) // resource.getpagesize()
    assert again < pages / 100 < pages / 2 < min(first, after)
