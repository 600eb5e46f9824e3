"""Walker2d-v5: walk forward on two legs, with small networks and 40,000 steps."""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.tasks.family.small_locomotion import SmallLocomotion


class Walker2dSmall(SmallLocomotion):
    """The family's networks and budget."""

    name: ClassVar[str] = "walker2d_small"
    environment: ClassVar[str] = "Walker2d-v5"
    obs_size: ClassVar[int] = 17
    action_size: ClassVar[int] = 6
    seconds: ClassVar[float] = 170.0
    failure: ClassVar[FailureMode] = FailureMode("lost exploration", "bounded", "above", 0.9)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.0,
        high=500.0,
        source="uniform actions, 100 episodes: 1.8 +- 0.8; best seed of the headroom's: 570",
    )


task = Walker2dSmall()
