"""InvertedDoublePendulum-v5: balance two poles on a cart; at most 1,000 steps, about 9.35 each.

Rewards are learned from as they are, so that values are near 900 where networks start near 0: the
critic's slopes are steep, and the actor is driven to its bounds, where it learns no more.
"""

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Anchors, FailureMode
from bench.tasks.family.control import Control

RANGES = {"return": (None, 10000)}  # at most 10 per step


class InvertedDoublePendulum(Control):
    """One copy of the environment per seed, uniform actions for the first 1,000 steps."""

    name: ClassVar[str] = "inverted_double_pendulum"
    environment: ClassVar[str] = "InvertedDoublePendulum-v5"
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    obs_size: ClassVar[int] = 9
    action_size: ClassVar[int] = 1
    updates: ClassVar[int] = 15_000
    warmup: ClassVar[int] = 1_000
    seconds: ClassVar[float] = 40.0
    early_episodes: ClassVar[int | None] = 2
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("saturating critic", "bounded", "above", 0.5)
    anchors: ClassVar[Anchors] = Anchors(
        low=49.0,
        high=9337.0,
        source="uniform actions, 100 episodes: 49 +- 2; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = InvertedDoublePendulum()
