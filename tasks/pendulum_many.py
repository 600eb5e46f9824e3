"""Pendulum-v1 with eight updates per step: little experience, much learned from it.

2,000 steps of one copy of the environment and 16,000 updates. What is seen early is learned from
hundreds of times, which holds later learning back (Nikishin et al., 2022, arXiv 2205.07802).
"""

from typing import ClassVar

from bench.learner.task import FailureMode
from bench.tasks.family.swing_up import SwingUp


class PendulumMany(SwingUp):
    """The environment with its own reward; uniform actions for the first 100 steps."""

    name: ClassVar[str] = "pendulum_many"
    steps_per_update: ClassVar[int] = 1
    updates: ClassVar[int] = 16_000
    updates_per_step: ClassVar[int] = 8
    warmup: ClassVar[int] = 800
    seconds: ClassVar[float] = 35.0
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode(
        "overfitting critic", "critic_error", "above", 60.0
    )


task = PendulumMany()
