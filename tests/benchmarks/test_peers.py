"""Ten seeds at once against the same work done by others, both in turns on one core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.experiment import registry
from bench.learner.learner import Learner
from bench.learner.task import Task
from bench.training.train import train
from tests.benchmarks.ours import learner, median_seconds, pendulum, small_images, turns
from tests.benchmarks.peers import Ddpg, InTurns
from tests.support.code_path import code_path

SEEDS = 10
BUDGET = 20_000
"""Environment steps per seed in the core tasks on Pendulum-v1: what compilation is counted for."""
UPDATES = 30
"""In which a twin's losses are compared with ours."""
Say = Callable[[str], None]
pytestmark = pytest.mark.slow


def against_xla(what: Learner, theirs: Callable[[], Any], rounds: int) -> tuple[float, str]:
    """Return the ratio of seed-updates per second, and a line that says it and both rates."""
    theirs()  # compiles
    calls = {"ours": turns(what, SEEDS), "xla": theirs}
    rate = {name: SEEDS / each for name, each in median_seconds(calls, rounds).items()}
    ratio = rate["ours"] / rate["xla"]
    said = f"{rate['ours']:,.0f} seed-updates/s, XLA {rate['xla']:,.0f}, ratio {ratio:.2f}"
    return ratio, said


@pytest.mark.parametrize(
    ("width", "rows", "rounds", "least"), [(64, 64, 1000, 0.8), (256, 256, 100, 1.0)]
)
def test_the_update_against_xla(
    benchmark: Any, say: Say, width: int, rows: int, rounds: int, least: float
) -> None:
    """A DDPG-shaped update with replay: seed-updates per second."""
    pytest.importorskip("jax")
    from tests.benchmarks import jax_twin

    what = learner(pendulum(width, rows), "replay", "target_network")
    theirs = jax_twin.ddpg(width, rows, SEEDS)
    ratio, said = benchmark.pedantic(lambda: against_xla(what, theirs, rounds), rounds=1)
    say(f"update {width}x{width}, batch {rows}: {said} (asked: {least})")
    assert ratio >= least


GANS = {
    "dense": (registry.task("ring8"), None),
    "convolutions": (small_images(), "by_library"),
    "matrices": (small_images(), "by_matrix"),
}
"""A task, and how its twin convolves: by XLA's operation, or all as matrices, its fastest form."""


def twin(name: str) -> tuple[Task, Any, Callable[[], Any]]:
    """Return the task, the twin's state and its update."""
    pytest.importorskip("jax")
    from tests.benchmarks import jax_gan

    task, form = GANS[name]
    return task, *jax_gan.gan(task, SEEDS, None if form is None else getattr(jax_gan, form))


@pytest.mark.parametrize(
    ("name", "rounds", "least"),
    [("dense", 1000, 1.0), ("convolutions", 50, 1.0), ("matrices", 50, 0.5)],
)
def test_a_gan_against_xla(benchmark: Any, say: Say, name: str, rounds: int, least: float) -> None:
    """An update of the bare learner: at least XLA's rate, but for what XLA does with matrices.

    There its loops around the products are fused. Ours are operations one by one, because
    Inductor's are slower still, and one convolution is the library's, a grouped one.
    """
    task, _, theirs = twin(name)
    what = learner(task)
    ratio, said = benchmark.pedantic(lambda: against_xla(what, theirs, rounds), rounds=1)
    say(f"GAN, {name}: {said} (asked: {least})")
    assert ratio >= least


@pytest.mark.parametrize("name", GANS)
def test_a_twin_does_the_same_work(name: str) -> None:
    """As many parameters, and on average the same losses, although it draws other numbers."""
    task, state, call = twin(name)
    run = train(learner(task), range(SEEDS), updates=UPDATES)
    for player, own in run.state.players.params.items():
        leaves = [leaf for each in state[player] for leaf in each]
        assert sum(leaf.size for leaf in leaves) == sum(leaf.numel() for leaf in own.values())
    theirs = np.mean([call() for _ in range(UPDATES)], axis=(0, 2))
    for player, loss in zip(("critic", "actor"), theirs, strict=True):
        ours = [scores[f"{player}_loss"] for curve in run.curves[1:] for scores in curve]
        assert np.mean(ours) == pytest.approx(loss, rel=0.1)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of what is compiled first: mostly Inductor's import and headers, once per machine."""
    pytest.importorskip("stable_baselines3")
    with pytest.MonkeyPatch.context() as patch, code_path(compiled=True):
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("headers")))
        return train(learner(registry.task("dirac")), range(SEEDS), updates=10).seconds["compile"]


@pytest.mark.parametrize(
    ("library", "width", "rows", "ours", "theirs", "least", "with_all"),
    [
        ("stable_baselines3", 64, 64, BUDGET, 6_000, 14.0, 8.0),
        ("stable_baselines3", 256, 256, 2_000, 2_000, 1.3, 1.3),
        ("sbx", 64, 64, BUDGET, 10_000, 8.0, 8.0),
        ("sbx", 256, 256, 2_000, 2_000, 1.3, 1.3),
    ],
)
def test_the_whole_loop_against_ddpg(
    benchmark: Any,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: float,
    library: str,
    width: int,
    rows: int,
    ours: int,
    theirs: int,
    least: float,
    with_all: float,
) -> None:
    """Environment steps, replay, updates and ten evaluations: seed-steps per second.

    At least `least` times as many, and `with_all` with compilation in a budget of `BUDGET` steps
    per seed: ours compiles once for all seeds, SBX once for each, Stable-Baselines3 never.
    """
    pytest.importorskip(library)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    task = pendulum(width, rows, updates=ours)

    def both() -> tuple[dict[str, float], Ddpg]:
        every = BUDGET // task.evaluations
        peer = Ddpg(library, width, rows, every=every, episodes=task.episodes)
        taking_turns = InTurns(peer, theirs // task.evaluations)
        what = learner(task, "replay", "target_network")
        return train(what, range(SEEDS), observer=taking_turns).seconds, peer

    spent, peer = benchmark.pedantic(both, rounds=1)
    steps = (spent["environment"] + spent["update"]) * BUDGET / ours
    loop, once = steps + spent["evaluation"], spent["trace"] + spent["compile"]
    rate = SEEDS * BUDGET / loop
    whole = SEEDS * (BUDGET / peer.rate + peer.compiling)
    ratio = whole / (loop + once)
    say(
        f"loop {width}x{width}, batch {rows}: {rate:,.0f} seed-steps/s, {library} "
        f"{peer.rate:,.0f}, ratio {rate / peer.rate:.2f} (asked: {least}); "
        f"with {once:.0f} s of compiling for all seeds and {peer.compiling:.1f} for each "
        f"{ratio:.2f} (asked: {with_all}), "
        f"{whole / (loop + once + before):.2f} where nothing has been compiled before"
    )
    assert rate / peer.rate >= least
    assert ratio >= with_all
