"""Walker2d-v5: walk forward on two legs; the episode ends with a fall."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.locomotion import Locomotion


class Walker2d(Locomotion):
    """The locomotion task on this environment."""

    name: ClassVar[str] = "walker2d"
    environment: ClassVar[str] = "Walker2d-v5"
    obs_size: ClassVar[int] = 17
    action_size: ClassVar[int] = 6
    anchors: ClassVar[Anchors] = Anchors(
        low=2.0,
        high=4683.0,
        source="uniform actions, 100 episodes: 1.8 +- 0.8; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = Walker2d()
