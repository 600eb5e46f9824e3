"""Linear-quadratic regulator (LQR): bring a spring to rest; the optimum is known.

The score is the discounted cost of the learned policy relative to the Riccati optimum: 1 is
optimal, no force at all costs about 4. `tasks/family/linear.py` has the system and its solutions.
The reference base solves it, so that nothing can win: a game, which counts in no verdict.
"""

from typing import ClassVar

from bench.learner.problem import Domain
from bench.tasks.family.spring import SpringControl


class Lqr(SpringControl):
    """A linear actor and a quadratic critic, which can represent the exact solution."""

    name: ClassVar[str] = "lqr"
    domain: ClassVar[Domain] = "game"
    kinds: ClassVar[tuple[str, ...]] = ("rl", "short")
    seconds: ClassVar[float] = 7.0


task = Lqr()
