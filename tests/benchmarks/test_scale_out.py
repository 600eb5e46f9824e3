"""Ten thousand cells that train nothing, through the engine: what it costs must not grow."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from ray import tune
from rich.console import Console

from bench.engine import ray_engine
from bench.engine.plan import Job
from bench.engine.progress import Board
from bench.engine.trial import TrialResult
from bench.experiment.cell import Cell
from bench.records.paths import record_path
from tests.support.factories import make_record

CELLS = 10_000
STEP = 500
"""Cells between two measurements."""


@pytest.fixture
def one_core() -> None:
    """Here all cores are used."""


def trivial(config: dict[str, Any]) -> None:
    """A trial that has its record at once."""
    job = config["job"]
    made = make_record(scores=[0.1, 0.2], points=11).model_copy(
        update={"task": job.cell.task, "cell": job.cell.name, "updates": job.cell.updates}
    )
    tune.report({"share": 1.0, "result": TrialResult(made, None, b"")})


class Measuring(Board):
    """A board that looks at the clock, at this process and at the folder."""

    rows: list[tuple[int, float, float, float]]
    """cells, seconds since the start, MiB of the driver, KiB of records"""

    def finished(self, number: int, line: str) -> None:
        super().finished(number, line)
        if self.done == 1:
            self.rows, self._start = [], time.perf_counter()
        if self.done % STEP == 0:
            size = sum(p.stat().st_size for p in self._jobs[0].path.parents[1].rglob("*.json"))
            memory = psutil.Process(os.getpid()).memory_info().rss
            spent = time.perf_counter() - self._start
            self.rows.append((self.done, spent, memory / 2**20, size / 2**10))


@pytest.mark.slow
def test_ten_thousand_cells(
    benchmark: Any,
    say: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The last thousand take at most half as long again as the first ones, and no more memory."""
    monkeypatch.setattr(ray_engine, "_trial", trivial)
    folder = tmp_path / "2" / "local"
    jobs = []
    for number in range(1, CELLS + 1):
        cell = Cell("dirac", "bare", None, number)
        jobs.append(Job(cell, (0, 1), (0, 1), record_path(folder, cell), 1.0, "0" * 16))
    board = Measuring(jobs, Console(file=io.StringIO()))
    benchmark.pedantic(lambda: ray_engine.run(jobs, board), rounds=1)
    assert (board.done, board.failures) == (CELLS, [])
    cells, seconds, memory, size = np.array(board.rows).T
    each = np.diff(seconds) / np.diff(cells) * 1e3  # ms
    grown = np.diff(memory) / np.diff(cells) * 1024  # KiB
    for row in np.stack([cells[1:], each, memory[1:], size[1:] / cells[1:]], axis=1)[1::4]:
        say("{:6.0f} cells: {:4.0f} ms each, driver {:4.0f} MiB, {:.1f} KiB a record".format(*row))
    if (path := request.config.getoption("--keep-scale-out")) is not None:
        picture(path, cells, each, memory, size)
    half = len(each) // 2
    assert np.median(each[half:]) < 1.5 * np.median(each[:half])
    assert np.median(grown[half:]) < 100
    assert np.ptp(size / cells) < 0.1


def picture(path: Path, cells: Any, each: Any, memory: Any, size: Any) -> None:
    """Three small panels over the number of cells."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9, 2.4), layout="constrained")
    panels = (
        (cells[1:], each, "milliseconds per cell"),
        (cells, memory, "MiB of the driver"),
        (cells, size / cells, "KiB per record"),
    )
    for axis, (where, values, label) in zip(axes, panels, strict=True):
        axis.plot(where, values, color="#4c72b0")
        axis.set(xlabel="cells done", ylabel=label, ylim=(0, 1.2 * max(values)))
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
