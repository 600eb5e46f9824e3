"""MuJoCo locomotion with the network sizes and budgets with which TD3 and SAC were published."""

from __future__ import annotations

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Tier
from bench.tasks.family.control import Control

RANGES = {"return": (None, 15000)}  # far above any published agent


class Locomotion(Control):
    """Networks of 256 x 256, batches of 100, Adam at 1e-3, one copy and one update per step.

    Batch and learning rate are TD3's (Fujimoto et al., 2018, arXiv 1802.09477), whose networks have
    400 and 300 units; its released code later moved to 256 x 256, batches of 256 and 3e-4. The
    first actions are uniform, 1,000 of them or 10,000 as in the paper, and no player learns during
    this warm-up. Otherwise DDPG's critic learns to overestimate the actor's actions, which are not
    executed; on HalfCheetah this cost three quarters of the return at 30,000 steps. The upper
    anchors were reached in the v1 environments.
    """

    tier: ClassVar[Tier] = "full"
    kinds: ClassVar[tuple[str, ...]] = ("locomotion",)
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    hidden: ClassVar[tuple[int, ...]] = (256, 256)
    batch_rows: ClassVar[int] = 100
    lr: ClassVar[float] = 1e-3
    updates: ClassVar[int] = 1_000_000
    seconds: ClassVar[float] = 6_500.0
    warmup: ClassVar[int] = 1_000
