"""LQR without an environment: how exact is the critic's action gradient dQ/da?

The system is that of `lqr`. States are drawn independently, so there is no exploration problem, and
the exact value of every policy is known: Q(x, u) = -z'Hz, z = (x, u), with H from the Lyapunov
equation of the present policy (see `tasks/family/linear.py`). The score is the error of dQ/da, all
that the actor ever learns from the critic, at the policy's own actions on a grid of states (root
mean square), divided by the size of the true gradient for a policy that does nothing.
"""

from typing import ClassVar

from bench.tasks.family.spring_game import SpringGame


class LqrGame(SpringGame):
    """Two players: the actor climbs the critic itself."""

    name: ClassVar[str] = "lqr_game"
    seconds: ClassVar[float] = 4.0


task = LqrGame()
