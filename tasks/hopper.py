"""Hopper-v5: hop forward on one leg; the episode ends with a fall."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.locomotion import Locomotion


class Hopper(Locomotion):
    """The locomotion task on this environment."""

    name: ClassVar[str] = "hopper"
    environment: ClassVar[str] = "Hopper-v5"
    obs_size: ClassVar[int] = 11
    action_size: ClassVar[int] = 3
    anchors: ClassVar[Anchors] = Anchors(
        low=17.0,
        high=3564.0,
        source="uniform actions, 100 episodes: 16.7 +- 1.8; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = Hopper()
