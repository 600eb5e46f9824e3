"""The spring of the linear-quadratic regulator as an environment, and how it is scored."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray

from bench.learner.problem import Blueprint
from bench.learner.task import Anchors, Episodes, Metric
from bench.tasks.family.control import RETURN_METRICS, Control
from bench.tasks.family.linear import BOUND, DISCOUNT, A, B, Q, R, optimal_cost, players

RANGES = {"return": (None, 0), "cost_ratio": (1, None)}  # costs

Array = NDArray[np.float64]

HORIZON = 25  # by then any start is at rest under the optimal policy; new starts excite the system
LIMIT = 5.0  # of the state, so that bad policies have finite costs; optimal states stay below 1.3


class LqrEnv(gymnasium.Env[Array, Array]):
    """Starts uniformly in [-1, 1]^2; never terminates, is truncated after 25 steps."""

    observation_space = gymnasium.spaces.Box(-LIMIT, LIMIT, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)

    def reset(
        self, *, seed: int | None = None, options: Any = None
    ) -> tuple[Array, dict[str, Any]]:
        """Draw a random start."""
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-1.0, 1.0, 2)
        return self.state, {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Make one time step under the force BOUND * action [1]."""
        force = BOUND * action
        cost = self.state @ Q @ self.state + force @ R @ force
        self.state = np.clip(A @ self.state + B @ force, -LIMIT, LIMIT)
        return self.state, -float(cost), False, False, {}


gymnasium.register("crossover/LQR-v0", entry_point=f"{__name__}:LqrEnv", max_episode_steps=HORIZON)


class SpringControl(Control):
    """A linear actor and a quadratic critic, which can represent the exact solution."""

    environment: ClassVar[str] = "crossover/LQR-v0"
    obs_size: ClassVar[int] = 2
    action_size: ClassVar[int] = 1
    discount: ClassVar[float] = DISCOUNT
    steps_per_update: ClassVar[int] = 4
    updates: ClassVar[int] = 4000
    compiled: ClassVar[bool] = False
    episodes: ClassVar[int] = 10
    lr: ClassVar[float] = 2e-2
    exploration: ClassVar[float] = 0.3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("cost_ratio", "times the optimal cost", "lower"),
        *RETURN_METRICS,
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=3.98, high=1.0, source="no force at all, exactly; the Riccati optimum"
    )

    def blueprint(self) -> Blueprint:
        """Networks that can represent the optimal policy and its value."""
        return players(self.lr)

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """The usual metrics, and the discounted cost relative to the Riccati optimum."""
        optimum = np.einsum("ni,ij,nj->", episodes.start, optimal_cost(), episodes.start)
        ratio = float(-episodes.discounted.sum() / optimum)
        return {"cost_ratio": ratio, **super().judge_episodes(episodes)}
