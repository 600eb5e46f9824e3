"""What Ray adds to a cell: time from cell to cell, and memory of a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow
CELLS = 40
GRID = """
about: cells that train for one update, so that all they cost is what surrounds training
tasks: bilinear, dirac
strategies: {strategies}
bases: bare
seeds: 10
updates: 1
"""


@pytest.fixture
def one_core() -> None:
    """Here all cores are used."""


def largest_worker(process: int) -> int:
    """Bytes that the largest of this process's Ray workers holds, shared libraries among them."""
    held = [0]
    for child in psutil.Process(process).children(recursive=True):
        with suppress(psutil.Error):  # it may end meanwhile
            if child.name().startswith("ray::"):
                held.append(child.memory_info().rss)
    return max(held)


def test_overhead(benchmark: Any, say: Callable[[str], None], tmp_path: Path) -> None:
    """At most 3 s per cell: import, actor, record. Two workers on two cores."""
    from bench.experiment import registry

    names = [n for n, entry in registry.strategies().items() if entry.home != "control"]
    (tmp_path / "grid.yaml").write_text(GRID.format(strategies=", ".join(names[: CELLS // 2])))
    command = [sys.executable, "-m", "bench", "run", "--grid", str(tmp_path / "grid.yaml")]
    command += ["--results", str(tmp_path / "results")]

    def run() -> tuple[float, float, int]:
        largest = 0
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                largest = max(largest, largest_worker(process.pid))
                time.sleep(0.2)
            assert process.returncode == 0
        wall = time.perf_counter() - start
        made = [json.loads(path.read_text()) for path in tmp_path.glob("results/*/*/*/*.json")]
        assert len(made) == CELLS
        return wall, sum(sum(record["seconds"].values()) for record in made), largest

    wall, trained, largest = benchmark.pedantic(run, rounds=1)
    cores = len(os.sched_getaffinity(0))
    each = (wall * cores - trained) / CELLS
    say(
        f"{CELLS} cells through Ray: {wall:.0f} s on {cores} cores, {each:.1f} core-seconds per "
        f"cell besides training (asked: 3); a worker holds {largest / 2**20:,.0f} MiB"
    )
    assert each <= 3
    assert largest > 0
