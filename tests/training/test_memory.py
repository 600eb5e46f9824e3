"""Freed memory stays with the process while it trains, and goes back after an evaluation."""

import platform
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is asked")

SCRIPT = """
import torch
from pathlib import Path
from bench.training import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

torch.ones(1)
memory.keep()
before = resident()
torch.ones(16 << 20)
kept = resident() - before
memory.give_back()
print(kept, resident() - before)
"""


def test_freed_memory_stays_until_it_is_given_back() -> None:
    """64 MiB in a process of its own, counted in pages."""
    root = Path(__file__).resolve().parents[2]
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=True
    )
    kept, after = (int(each) for each in made.stdout.split())
    pages = (64 << 20) // resource.getpagesize()
    assert after < pages / 10 < 0.9 * pages < kept
