"""Ant-v5: run forward on four legs; observations include contact forces."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.locomotion import Locomotion

RANGES = {"return": (None, 20000)}  # far above any published agent


class Ant(Locomotion):
    """The locomotion task with the longer warm-up of the paper."""

    name: ClassVar[str] = "ant"
    environment: ClassVar[str] = "Ant-v5"
    obs_size: ClassVar[int] = 105
    action_size: ClassVar[int] = 8
    warmup: ClassVar[int] = 10_000
    anchors: ClassVar[Anchors] = Anchors(
        low=-36.0,
        high=4372.0,
        source="uniform actions, 20 episodes: -36 +- 17; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = Ant()
