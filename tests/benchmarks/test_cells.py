"""Whole cells of ten seeds, compilation included: where their time goes, and what was predicted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch_fidelity.metric_fid  # noqa: F401  takes seconds, once for all cells of a worker

from bench.engine.plan import estimate
from bench.experiment.cell import Cell
from bench.experiment.grid import load_grid
from bench.training.train import train

SEEDS = 10
SAMPLE = 8
Say = Callable[[str], None]
pytestmark = pytest.mark.slow

SHARES = {
    "ring8/reference": 0.25,
    "digits/bare": 0.25,
    "digits/reference": 0.25,
    "lqr/reference": 0.25,
    "pendulum/reference": 0.25,
    "reacher/reference": 0.25,
    "inverted_pendulum/reference": 0.25,
    "inverted_double_pendulum/reference": 0.25,
    # One row for each update: the physics of ten arms takes longer than the learner does.
    "reacher/bare": 0.35,
}
"""Cells, and the share of each that its environments may take."""


def seconds(cell: Cell, cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """By phase, from an empty compiler's cache."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(cache))
    return train(cell.learner(), range(SEEDS)).seconds


@pytest.mark.parametrize("cell", SHARES)
def test_shares(
    benchmark: Any, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cell: str
) -> None:
    """Evaluations take at most a tenth of a cell, environments a quarter."""
    spent = benchmark.pedantic(lambda: seconds(Cell.parse(cell), tmp_path, monkeypatch), rounds=1)
    total = sum(spent.values())
    parts = {phase: part / total for phase, part in sorted(spent.items())}
    said = ", ".join(f"{phase} {100 * part:.0f} %" for phase, part in parts.items())
    say(f"{cell}: {total:.0f} s: {said}")
    assert parts["evaluation"] <= 0.10
    assert parts.get("environment", 0.0) <= SHARES[cell]


def test_prediction(
    benchmark: Any, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A random sample of the core grid takes what `--dry-run` says, within 30 %.

    On the kind of processor that the tasks' `seconds` were measured on.
    """
    cells = load_grid("core").model_copy(update={"bases": ["reference"]}).cells()
    sample = random.Random(0).sample(cells, SAMPLE)
    predicted = [estimate(cell, tmp_path, SEEDS) for cell in sample]

    def everything() -> list[float]:
        return [
            sum(seconds(cell, tmp_path / str(number), monkeypatch).values())
            for number, cell in enumerate(sample)
        ]

    taken = benchmark.pedantic(everything, rounds=1)
    for cell, each, said in zip(sample, taken, predicted, strict=True):
        say(f"{cell.task}/{cell.name}: {each:.0f} s, predicted {said:.0f}")
    ratio = sum(taken) / sum(predicted)
    say(f"{SAMPLE} cells: {sum(taken):.0f} s, predicted {sum(predicted):.0f}, ratio {ratio:.2f}")
    assert 0.7 < ratio < 1.3
