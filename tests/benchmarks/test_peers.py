"""Ten seeds at once against the same work done by others, both in one run on one core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.training.train import train
from tests.benchmarks.ours import learner, median_seconds, pendulum, turns
from tests.benchmarks.peers import sb3_steps_per_second

SEEDS = 10
Say = Callable[[str], None]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("width", "rows", "rounds", "least"), [(64, 64, 1000, 0.8), (256, 256, 100, 1.0)]
)
def test_the_update_against_xla(
    benchmark: Any, say: Say, width: int, rows: int, rounds: int, least: float
) -> None:
    """A DDPG-shaped update with replay: seed-updates per second."""
    pytest.importorskip("jax")
    from tests.benchmarks import jax_twin

    ours = turns(learner(pendulum(width, rows), "replay", "target_network"), SEEDS)
    theirs = jax_twin.ddpg(width, rows, SEEDS)
    found = benchmark.pedantic(
        lambda: median_seconds({"ours": ours, "xla": theirs}, rounds), rounds=1
    )
    rate = {name: SEEDS / seconds for name, seconds in found.items()}
    ratio = rate["ours"] / rate["xla"]
    say(
        f"update {width}x{width}, batch {rows}: {rate['ours']:,.0f} seed-updates/s, "
        f"XLA {rate['xla']:,.0f}, ratio {ratio:.2f} (asked: {least})"
    )
    assert ratio >= least


@pytest.mark.parametrize(("width", "rows", "steps"), [(64, 64, 6000), (256, 256, 2000)])
def test_the_whole_loop_against_stable_baselines3(
    benchmark: Any,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    width: int,
    rows: int,
    steps: int,
) -> None:
    """Environment steps, replay, updates and evaluation, per seed; compilation is told apart."""
    pytest.importorskip("stable_baselines3")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    task = pendulum(width, rows, updates=20_000)
    updates = 20_000 if width == 64 else 2_000

    def both() -> tuple[Any, float]:
        run = train(learner(task, "replay", "target_network"), range(SEEDS), updates=updates)
        return run, sb3_steps_per_second(width, rows, steps, every=updates // 10)

    run, theirs = benchmark.pedantic(both, rounds=1)
    once = run.seconds["trace"] + run.seconds["compile"]
    loop = sum(run.seconds.values()) - once
    rate = SEEDS * updates / loop
    ratio, with_all = rate / theirs, rate / theirs * loop / (loop + once)
    say(
        f"loop {width}x{width}, batch {rows}: {rate:,.0f} seed-steps/s, SB3 {theirs:,.0f}, "
        f"ratio {ratio:.1f}; {with_all:.1f} with {once:.1f} s of recording and compiling"
    )
    assert width > 64 or ratio >= 14
