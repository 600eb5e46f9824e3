"""HalfCheetah-v5: run forward on two legs for 1,000 steps; episodes never terminate early."""

from typing import ClassVar

from bench.learner.task import Anchors
from bench.tasks.family.locomotion import Locomotion

RANGES = {"return": (None, 40000)}  # far above any published agent


class HalfCheetah(Locomotion):
    """The locomotion task with the longer warm-up of the paper."""

    name: ClassVar[str] = "halfcheetah"
    environment: ClassVar[str] = "HalfCheetah-v5"
    obs_size: ClassVar[int] = 17
    action_size: ClassVar[int] = 6
    warmup: ClassVar[int] = 10_000
    anchors: ClassVar[Anchors] = Anchors(
        low=-270.0,
        high=9637.0,
        source="uniform actions, 20 episodes: -270 +- 21; TD3, v1, 1M steps (arXiv 1802.09477)",
    )


task = HalfCheetah()
