"""What a seed costs in batches of different sizes, and what wider networks cost.

    python -m pytest tests/benchmarks/test_scaling.py -m timing --benchmark-enable \\
        --keep-scaling .github/images/scaling.png
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.benchmarks.ours import learner, median_seconds, pendulum, turns

SEEDS = (1, 4, 16, 64, 256)
WIDTHS = (32, 64, 128, 256, 512)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
pytestmark = pytest.mark.slow


def test_scaling(benchmark: Any, say: Callable[[str], None], request: Any) -> None:
    """DDPG-shaped updates, batch 64: sixteen seeds cost each no more than four do.

    Fewer than `MIN_SEED_BATCH` seeds are filled up to that many, as in training.
    """

    def measure(device: str, width: int, seeds: int) -> float:
        call = turns(learner(pendulum(width, 64), "replay", "target_network"), seeds, device)
        rounds = max(10, min(300, 20_000_000 // (seeds * width * width)))
        return median_seconds({"turn": call}, rounds)["turn"]

    def everything() -> Any:
        by_seeds = {(d, s): measure(d, 64, s) for d in DEVICES for s in SEEDS}
        by_width = {(d, w): measure(d, w, 10) for d in DEVICES for w in WIDTHS}
        return by_seeds, by_width

    by_seeds, by_width = benchmark.pedantic(everything, rounds=1)
    for (device, seeds), taken in by_seeds.items():
        each = f"{1e6 * taken / seeds:.0f} us each"
        say(f"{device}, 64x64, {seeds} seeds: {1e3 * taken:.2f} ms, {each}")
    for (device, width), taken in by_width.items():
        say(f"{device}, {width}x{width}, 10 seeds: {1e3 * taken:.2f} ms")
    path = request.config.getoption("--keep-scaling")
    if path is not None:
        draw(path, by_seeds, by_width)
    assert all(by_seeds[d, 16] < 1.2 * 4 * by_seeds[d, 4] for d in DEVICES)


def draw(path: Path, by_seeds: dict[Any, float], by_width: dict[Any, float]) -> None:
    """Two panels: time per seed-update against seeds, time of an update against width."""
    from matplotlib.figure import Figure

    from bench.report.style import png, styled

    with styled():
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for device in DEVICES:
            each = [1e6 * by_seeds[device, seeds] / seeds for seeds in SEEDS]
            left.plot(SEEDS, each, marker="o", label=device)
            taken = [1e3 * by_width[device, width] for width in WIDTHS]
            right.plot(WIDTHS, taken, marker="o", label=device)
        left.set(xlabel="seeds in a batch", ylabel="time per seed and update [µs]")
        left.set_title("64 x 64 networks, batch 64")
        right.set(xlabel="width of both hidden layers", ylabel="time of an update [ms]")
        right.set_title("10 seeds, batch 64")
        for axes, ticks in ((left, SEEDS), (right, WIDTHS)):
            axes.set(xscale="log", xticks=ticks, xticklabels=ticks)
        left.set_ylim(bottom=0)
        heights = (0.3, 1, 3, 10, 30, 100)
        right.set(yscale="log", yticks=heights, yticklabels=heights)
        for axes in (left, right):
            axes.minorticks_off()
            axes.legend(title="device")
        path.write_bytes(png(figure))
