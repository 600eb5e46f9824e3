"""Reacher-v5: move the tip of a two-joint arm to a target in 50 steps, with little control cost."""

from typing import ClassVar

from bench.learner.task import FailureMode
from bench.tasks.family.reach import Reach


class Reacher(Reach):
    """The environment as it is."""

    name: ClassVar[str] = "reacher"
    failure: ClassVar[FailureMode] = FailureMode("cycling", "swing", "above", 0.04)


task = Reacher()
