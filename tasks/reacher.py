"""Reacher-v5: move the tip of a two-joint arm to a target in 50 steps, with little control cost.

Of a dozen strategies that were tried on seeds that no result uses, none wins against the reference
base with a probability of 0.75: a game, which counts in no verdict. `reacher_many` and
`reacher_turning` have headroom.
"""

from typing import ClassVar

from bench.learner.problem import Domain
from bench.tasks.family.arm import Arm


class Reacher(Arm):
    """The arm as it is."""

    name: ClassVar[str] = "reacher"
    domain: ClassVar[Domain] = "game"
    kinds: ClassVar[tuple[str, ...]] = ("rl", "short")


task = Reacher()
