"""What compiling a core cell takes, cold and from the cache on disk, in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.training import compilation

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys, torch
torch.set_num_threads(1)
from bench.experiment.grid import Cell
from bench.training.train import train
from tests.support.code_path import code_path
with code_path(compiled=True):
    run = train(Cell.parse(sys.argv[1]).learner(), range(10), updates=1)
assert run.compiled
print(json.dumps(run.seconds))
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(compilation.compiler() is None, reason="there is no C++ compiler"),
]


def compile_seconds(cell: str, cache: Path) -> float:
    """In a process of its own, that trains the cell for one update."""
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT, cell],
        env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(cache)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(made.stdout.splitlines()[-1])["compile"]


LIMITS = {
    "pendulum/reference": (15, 4),
    "grid25/reference+gradient_penalty": (15, 4),
    "inverted_double_pendulum/reference+twin_critics": (15, 4),
    "reacher/bare+td3": (15, 4),
    "ring8/reference+minibatch_stddev": (15, 4),
    # Five moves of the critic in one update, differentiated through: the largest there is.
    "ring8/reference+unrolled": (45, 12),
}
"""Cells, and the seconds that compiling each may take, cold and warm."""


@pytest.mark.parametrize("cell", LIMITS)
def test_compilation(benchmark: Any, say: Callable[[str], None], tmp_path: Path, cell: str) -> None:
    """Within its limits, once the machine has its precompiled headers."""
    most_cold, most_warm = LIMITS[cell]
    compile_seconds("bilinear/bare", tmp_path)  # headers, and what the processor can do
    cold, warm = benchmark.pedantic(
        lambda: [compile_seconds(cell, tmp_path) for _ in range(2)], rounds=1
    )
    say(f"{cell}: {cold:.1f} s cold (at most {most_cold}), {warm:.1f} s warm (at most {most_warm})")
    assert cold <= most_cold
    assert warm <= most_warm
