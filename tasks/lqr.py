"""A linear-quadratic regulator whose optimum is known: a spring to be brought to rest.

x' = A x + B u, cost x'Qx + u'Ru, discounted by 0.95. The optimal cost from x is x'Px, with P from
the Riccati equation of the system scaled by sqrt(discount), and the score is the learned policy's
discounted cost relative to it: 1 is optimal, doing nothing costs about 4 times as much.
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_are

from bench.game import Blueprint, Metric, Player
from bench.nets import Dense, Net, Quadratic
from bench.optim import Adam
from tasks.family.control import RETURN_METRICS, Control

Array = NDArray[np.float64]

DISCOUNT = 0.95
HORIZON = 25  # the optimal policy has brought any start to rest by then; starts excite learning
BOUND = 2.0  # force at action 1: the optimal policy uses at most 1.3
LIMIT = 5.0  # of the state, so that a bad policy's cost stays finite; optimal states stay below 1.3
A = np.array([[0.95, 0.3], [-0.3, 0.95]])  # a slowly fading oscillation, spectral radius 0.996
B = np.array([[0.0], [0.5]])
Q = np.eye(2)
R = np.array([[0.5]])


def optimal_cost() -> Array:
    """P [2, 2]: the optimal discounted cost from x is x'Px."""
    root = np.sqrt(DISCOUNT)
    return solve_discrete_are(root * A, root * B, Q, R)


def optimal_gain() -> Array:
    """K [1, 2]: the optimal force is u = -K x."""
    cost = optimal_cost()
    return np.linalg.solve(R + DISCOUNT * B.T @ cost @ B, DISCOUNT * B.T @ cost @ A)


class LqrEnv(gymnasium.Env[Array, Array]):
    """Starts uniformly in [-1, 1]^2; never terminates, is cut after 25 steps."""

    observation_space = gymnasium.spaces.Box(-LIMIT, LIMIT, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)

    def reset(
        self, *, seed: int | None = None, options: Any = None
    ) -> tuple[Array, dict[str, Any]]:
        """A random start."""
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-1.0, 1.0, 2)
        return self.state, {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """One time step under the force BOUND * action [1]."""
        force = BOUND * action
        cost = self.state @ Q @ self.state + force @ R @ force
        self.state = np.clip(A @ self.state + B @ force, -LIMIT, LIMIT)
        return self.state, -float(cost), False, False, {}


gymnasium.register("crossover/LQR-v0", entry_point="tasks.lqr:LqrEnv", max_episode_steps=HORIZON)


class Lqr(Control):
    """A linear actor and a quadratic critic: the classes that hold the exact answer."""

    name: ClassVar[str] = "lqr"
    environment: ClassVar[str] = "crossover/LQR-v0"
    obs_size: ClassVar[int] = 2
    action_size: ClassVar[int] = 1
    discount: ClassVar[float] = DISCOUNT
    steps_per_update: ClassVar[int] = 4
    updates: ClassVar[int] = 2000
    seconds: ClassVar[float] = 20.0
    episodes: ClassVar[int] = 10
    lr: ClassVar[float] = 2e-2
    exploration: ClassVar[float] = 0.3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("cost_ratio", "times the optimal cost", "lower"),
        *RETURN_METRICS,
    )

    def blueprint(self) -> Blueprint:
        """action = W x, and q linear in the products of state and action."""
        return Blueprint(
            actor=Player(Net((Dense(1, bias=False),)), Adam(self.lr)),
            critic=Player(Net((Quadratic(), Dense(1, bias=False))), Adam(self.lr)),
        )

    def judge_episodes(
        self, start: Array, returns: Array, discounted: Array, predicted: Array, lengths: Array
    ) -> dict[str, float]:
        """The usual numbers and the discounted cost relative to the Riccati optimum."""
        usual = super().judge_episodes(start, returns, discounted, predicted, lengths)
        optimum = np.einsum("ni,ij,nj->", start, optimal_cost(), start)
        return {"cost_ratio": float(-discounted.sum() / optimum), **usual}


task = Lqr()
