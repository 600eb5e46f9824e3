"""Reacher-v5 whose joints are exchanged while it is learned: dynamics that move.

The two torques are turned in their plane by an angle that grows evenly to a right angle at the end
of training: each joint then does what the other did. An evaluation is done at the angle of its
time. Old experience tells of dynamics that are no more, as `ring8_turning`'s data do. The bare
learner's curve swings by 0.22 from one evaluation to the next, by 0.09 where the joints stay.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.learner.task import FailureMode
from bench.tasks.family.arm import Arm


class ReacherTurning(Arm):
    """The arm of `reacher` with turning torques."""

    name: ClassVar[str] = "reacher_turning"
    failure: ClassVar[FailureMode] = FailureMode("moving target", "swing of score", "above", 0.06)

    def actuated(self, action: NDArray[Any], update: int) -> NDArray[Any]:
        """The actions [N, 2] turned by the angle of this update."""
        angle = 0.5 * math.pi * min(update / self.updates, 1.0)
        cosine, sine = math.cos(angle), math.sin(angle)
        return action @ np.array([[cosine, sine], [-sine, cosine]], dtype=action.dtype)


task = ReacherTurning()
