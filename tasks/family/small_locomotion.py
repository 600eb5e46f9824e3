"""MuJoCo locomotion within minutes: small networks, 40,000 steps."""

from __future__ import annotations

from typing import ClassVar

from bench.learner.problem import EnvironmentLibrary
from bench.tasks.family.control import Control

RANGES = {"return": (None, 15000)}  # far above any published agent


class SmallLocomotion(Control):
    """Networks of 64 x 64, batches of 64, Adam at 1e-3, one copy and one update per step.

    The first 1,000 actions are uniform. Rewards are scaled to a tenth, so that values are of the
    order of 10. The budget ends long before the plateau: what is measured is speed. Episodes have
    up to 1,000 steps: ten are played in the evaluations that make the score, two in the others.
    """

    kinds: ClassVar[tuple[str, ...]] = ("short", "small_locomotion")
    environment_library: ClassVar[EnvironmentLibrary] = "envpool"
    updates: ClassVar[int] = 40_000
    warmup: ClassVar[int] = 1_000
    reward_scale: ClassVar[float] = 0.1
    early_episodes: ClassVar[int | None] = 2
    measures_speed: ClassVar[bool] = True
