"""Pendulum-v1: swing up and balance, by one torque; a random policy's return is about -1,220.

Target networks and replay do little alone; together they solve it (-150), so that what can be
measured on top of both is how fast.
"""

from typing import ClassVar

from bench.learner.task import FailureMode
from bench.tasks.family.swing_up import SwingUp


class Pendulum(SwingUp):
    """The environment with its own reward."""

    name: ClassVar[str] = "pendulum"
    seconds: ClassVar[float] = 20.0
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("cycling", "swing of score", "above", 0.04)


task = Pendulum()
