"""Pendulum-v1: what tasks on it share."""

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Anchors
from bench.tasks.family.control import Control

RANGES = {"return": (-3255, 0)}  # 200 times pi^2 + 0.1 x 8^2 + 0.001 x 2^2, and nothing


class SwingUp(Control):
    """Three copies of the environment per seed, one update after each step of all copies."""

    environment: ClassVar[str] = "Pendulum-v1"
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    obs_size: ClassVar[int] = 3
    action_size: ClassVar[int] = 1
    steps_per_update: ClassVar[int] = 3
    updates: ClassVar[int] = 6667  # 20,001 environment steps
    discount: ClassVar[float] = 0.98
    reward_scale: ClassVar[float] = 0.1  # rewards reach -16; values near -10 suit Adam at 1e-3
    anchors: ClassVar[Anchors] = Anchors(
        low=-1220.0,
        high=-150.0,
        source="uniform actions, 1,000 episodes: -1,216 +- 14; DDPG and its kin end near -150",
    )
