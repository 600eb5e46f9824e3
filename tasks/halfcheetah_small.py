"""HalfCheetah-v5: run forward on two legs, with small networks and 40,000 steps."""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.tasks.family.small_locomotion import SmallLocomotion

RANGES = {"return": (None, 40000)}  # far above any published agent


class HalfCheetahSmall(SmallLocomotion):
    """The family's networks and budget."""

    name: ClassVar[str] = "halfcheetah_small"
    environment: ClassVar[str] = "HalfCheetah-v5"
    obs_size: ClassVar[int] = 17
    action_size: ClassVar[int] = 6
    seconds: ClassVar[float] = 150.0
    failure: ClassVar[FailureMode] = FailureMode("overestimation", "critic_bias", "above", 1000.0)
    anchors: ClassVar[Anchors] = Anchors(
        low=-270.0,
        high=3800.0,
        source="uniform actions, 20 episodes: -270 +- 21; best seed of the headroom's: 3,790",
    )


task = HalfCheetahSmall()
