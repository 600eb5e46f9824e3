"""InvertedDoublePendulum-v5: balance two poles on a cart; at most 1,000 steps, about 9.35 each."""

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Anchors
from bench.tasks.family.control import Control


class InvertedDoublePendulum(Control):
    """One copy of the environment per seed, uniform actions for the first 1,000 steps."""

    name: ClassVar[str] = "inverted_double_pendulum"
    environment: ClassVar[str] = "InvertedDoublePendulum-v5"
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    obs_size: ClassVar[int] = 9
    action_size: ClassVar[int] = 1
    updates: ClassVar[int] = 15_000
    warmup: ClassVar[int] = 1_000
    episodes: ClassVar[int] = 1  # of up to 1,000 steps: seeds differ far more than episodes
    reward_scale: ClassVar[float] = 0.01  # values near 9 instead of 900, which suits Adam at 1e-3
    seconds: ClassVar[float] = 23.0
    anchors: ClassVar[Anchors] = Anchors(
        low=49.0,
        high=9337.0,
        source="uniform actions, 100 episodes: 49 +- 2; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = InvertedDoublePendulum()
