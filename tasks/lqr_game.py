"""The spring of `lqr` without an environment: is what the critic tells the actor true?

States are drawn at will, so there is no exploration problem, and the exact value of every policy is
known: Q(x, u) = -z'Hz with H from the Lyapunov equation of the present policy (see
`tasks.family.linear`). The score is the error of dQ/da, all that the actor ever learns from the
critic, at the policy's own actions, averaged over the states and divided by the true gradient's
size where nothing has been learned yet (no force at all).
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench import rng
from bench.game import Act, Anchors, Array, Blueprint, Critic, Domain, Experience, Metric
from tasks.family.control import Control
from tasks.family.linear import (
    BOUND,
    DISCOUNT,
    A,
    B,
    Q,
    R,
    cost_of,
    cost_to_go,
    optimal_cost,
    players,
)

SCALE = np.diag([1.0, 1.0, BOUND])  # from (state, action) to (state, force)


def value_matrix(gain: Array) -> Array | None:
    """V [3, 3]: under action = gain @ x the exact value of (x, a) is -(x, a)' V (x, a)."""
    cost = cost_of(BOUND * gain)
    return None if cost is None else SCALE @ cost_to_go(cost) @ SCALE


def slope(value: Array, gain: Array) -> Array:
    """[2]: dQ/da at (x, gain @ x) is this times x, if Q(x, a) = -(x, a)' value (x, a)."""
    return -2.0 * (value[2, :2] + value[2, 2] * gain[0])


class LqrGame(Control):
    """Fresh states in [-1, 1]^2 at every update, the actor's actions with noise."""

    name: ClassVar[str] = "lqr_game"
    domain: ClassVar[Domain] = "game"
    obs_size: ClassVar[int] = 2
    action_size: ClassVar[int] = 1
    discount: ClassVar[float] = DISCOUNT
    step_unit: ClassVar[str] = "update"
    updates: ClassVar[int] = 2000
    samples: ClassVar[int] = 2
    episodes: ClassVar[int] = 0
    seconds: ClassVar[float] = 15.0
    lr: ClassVar[float] = 2e-2
    exploration: ClassVar[float] = 0.3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("gradient_error", "times the first gradient", "lower"),
        Metric("critic_error", "relative, of all coefficients", "lower"),
        Metric("cost_ratio", "times the optimal cost", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1.0, high=0.0, source="a critic that says nothing of a policy that does nothing; exact"
    )

    def blueprint(self) -> Blueprint:
        """The classes that hold the optimal policy and every linear policy's value."""
        return players(self.lr)

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """One step of the system from random states."""
        rows = self.batch_rows
        obs = 2.0 * rng.uniform(rng.fold(key, "states"), (rows, 2)) - 1.0
        noise = self.exploration * rng.normal(rng.fold(key, "explore"), (rows, 1))
        action = act(obs, rng.fold(key, "fresh")) + noise
        force = BOUND * action
        a, b, q, r = (torch.tensor(m, dtype=obs.dtype, device=obs.device) for m in (A, B, Q, R))
        cost = ((obs @ q) * obs).sum(dim=1) + ((force @ r) * force).sum(dim=1)
        ahead = obs @ a.T + force @ b.T
        return Experience(obs, action, -cost, ahead, torch.full_like(cost, self.discount))

    def probe(self, rows: int) -> Tensor:
        """The unit vectors: a linear policy's actions there are its coefficients."""
        return torch.eye(rows)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """The critic against the exact value of the evaluated policy; NaN if that is infinite."""
        gain = actions.T.astype(float)  # [1, 2]
        exact, said = value_matrix(gain), _coefficients(critic)
        if exact is None or not np.isfinite(said).all():
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        idle = np.zeros((1, 2))
        first = value_matrix(idle)
        assert first is not None  # the spring comes to rest by itself
        wrong = slope(said, gain) - slope(exact, gain)
        cost = cost_of(BOUND * gain)
        assert cost is not None
        return {
            "gradient_error": float(np.linalg.norm(wrong) / np.linalg.norm(slope(first, idle))),
            "critic_error": float(np.linalg.norm(said - exact) / np.linalg.norm(exact)),
            "cost_ratio": float(np.trace(cost) / np.trace(optimal_cost())),
        }


def _coefficients(critic: Critic) -> Array:
    """V [3, 3] of a critic q(z) = -z'Vz, by polarisation: exact, for it is quadratic."""
    pairs = np.eye(3)[:, None] + np.eye(3)[None]  # e_i + e_j
    points = np.concatenate([pairs.reshape(9, 3), np.eye(3)])
    q = critic(points[:, :2], points[:, 2:]).astype(float)
    both, alone = q[:9].reshape(3, 3), q[9:]
    return -0.5 * (both - alone[:, None] - alone[None])


task = LqrGame()
