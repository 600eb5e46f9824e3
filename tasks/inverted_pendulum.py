"""InvertedPendulum-v5: balance a pole on a cart; 1 per step, at most 1,000; random policy: 5.

Around the reference kit it is solved, so that nothing can win: a game, which counts in no verdict.
"""

from typing import ClassVar

from bench.learner.problem import Domain, EnvironmentLibrary
from bench.learner.task import Anchors
from bench.tasks.family.control import Control

RANGES = {"return": (0, 1000)}  # 1 per step


class InvertedPendulum(Control):
    """One copy of the environment per seed, uniform actions for the first 1,000 steps."""

    name: ClassVar[str] = "inverted_pendulum"
    domain: ClassVar[Domain] = "game"
    kinds: ClassVar[tuple[str, ...]] = ("rl", "short")
    environment: ClassVar[str] = "InvertedPendulum-v5"
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    obs_size: ClassVar[int] = 4
    action_size: ClassVar[int] = 1
    updates: ClassVar[int] = 15_000
    warmup: ClassVar[int] = 1_000
    reward_scale: ClassVar[float] = 0.1  # values near 10 instead of 100, which suits Adam at 1e-3
    seconds: ClassVar[float] = 22.0
    anchors: ClassVar[Anchors] = Anchors(
        low=5.2, high=1000.0, source="uniform actions, 100 episodes: 5.2 +- 0.4; the most there is"
    )


task = InvertedPendulum()
