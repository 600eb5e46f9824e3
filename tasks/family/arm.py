"""Reacher-v5: what tasks on it share."""

from __future__ import annotations

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Anchors
from bench.tasks.family.control import Control

RANGES = {"return": (None, 0)}  # costs


class Arm(Control):
    """One copy of the environment per seed, uniform actions for the first 1,000 steps."""

    environment: ClassVar[str] = "Reacher-v5"
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    obs_size: ClassVar[int] = 10
    action_size: ClassVar[int] = 2
    updates: ClassVar[int] = 15_000
    warmup: ClassVar[int] = 1_000
    seconds: ClassVar[float] = 35.0
    anchors: ClassVar[Anchors] = Anchors(
        low=-43.3,
        high=-3.6,
        source="uniform actions, 100 episodes: -43.3 +- 0.4; TD3, v1, 1M steps (arXiv 1802.09477)",
    )
