"""Reacher-v5 with eight updates per step: a critic that can learn its few data by heart.

4,000 steps of the environment and 32,000 updates. A critic that overfits has small errors on what
it has seen and large ones on what its actor does next (Nikishin et al., 2022, arXiv 2205.07802;
Chen et al., 2021, arXiv 2101.05982).
"""

from typing import ClassVar

from bench.learner.task import FailureMode
from bench.tasks.family.reach import Reach


class ReacherMany(Reach):
    """The task `reacher` with other proportions; uniform actions for the first 500 steps."""

    name: ClassVar[str] = "reacher_many"
    updates: ClassVar[int] = 32_000
    updates_per_step: ClassVar[int] = 8
    warmup: ClassVar[int] = 4_000
    seconds: ClassVar[float] = 60.0
    failure: ClassVar[FailureMode] = FailureMode(
        "overfitting critic", "critic_error", "above", 10.0
    )


task = ReacherMany()
