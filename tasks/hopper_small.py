"""Hopper-v5: hop forward on one leg, with small networks and 40,000 steps."""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.tasks.family.small_locomotion import SmallLocomotion


class HopperSmall(SmallLocomotion):
    """The family's networks and budget."""

    name: ClassVar[str] = "hopper_small"
    environment: ClassVar[str] = "Hopper-v5"
    obs_size: ClassVar[int] = 11
    action_size: ClassVar[int] = 3
    seconds: ClassVar[float] = 110.0
    failure: ClassVar[FailureMode] = FailureMode("lost exploration", "spread", "below", 0.1)
    anchors: ClassVar[Anchors] = Anchors(
        low=17.0,
        high=1000.0,
        source="uniform actions, 100 episodes: 16.7 +- 1.8; best seed of the headroom's: 1,040",
    )


task = HopperSmall()
