"""The spring without an environment: independent states, and the exact value of every policy."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Act, Blueprint, Domain, Experience
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.tasks.family.control import Control
from bench.tasks.family.linear import (
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

RANGES = {"cost_ratio": (1, None)}

SCALE = np.diag([1.0, 1.0, BOUND])  # from (state, action) to (state, force)
STATES = np.array([(x, y) for x in (-0.9, -0.3, 0.3, 0.9) for y in (-0.9, -0.3, 0.3, 0.9)])
OFFSETS = np.resize([[-0.6], [-0.2], [0.2], [0.6], [0.4]], (len(STATES), 1))  # from the policy
STEP = 1e-2  # of the differences: rounding of float32 outputs near 1 changes dQ/da by 1e-5


def value_matrix(gain: Array) -> Array | None:
    """V [3, 3]: under action = gain @ x the exact value of (x, a) is -(x, a)' V (x, a).

    None if that value is infinite.
    """
    cost = cost_of(BOUND * gain)
    return None if cost is None else SCALE @ cost_to_go(cost) @ SCALE


def exact_action_gradient(value: Array, gain: Array) -> Array:
    """[2]: dQ/da at (x, gain @ x) is this times x, if Q(x, a) = -(x, a)' value (x, a)."""
    return -2.0 * (value[2, :2] + value[2, 2] * gain[0])


class SpringGame(Control):
    """New states in [-1, 1]^2 at every update; exploration noise on the actor's actions."""

    domain: ClassVar[Domain] = "game"
    obs_size: ClassVar[int] = 2
    action_size: ClassVar[int] = 1
    discount: ClassVar[float] = DISCOUNT
    step_unit: ClassVar[str] = "update"
    updates: ClassVar[int] = 2000
    compiled: ClassVar[bool] = False
    samples: ClassVar[int] = 2
    episodes: ClassVar[int] = 0
    lr: ClassVar[float] = 2e-2
    exploration: ClassVar[float] = 0.3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("gradient_error", "times the first gradient", "lower"),
        Metric("critic_error", "relative, around the policy", "lower"),
        Metric("cost_ratio", "times the optimal cost", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1.0, high=0.0, source="a critic that says nothing of a policy that does nothing; exact"
    )

    def blueprint(self) -> Blueprint:
        """Networks that can represent the optimal policy and every linear policy's value."""
        return players(self.lr)

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """One step of the system from each of `batch_rows` random states."""
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
        """Errors of the critic against the policy's exact value; NaN if that is infinite."""
        gain = actions.T.astype(float)  # [1, 2]
        exact, first = value_matrix(gain), value_matrix(np.zeros((1, 2)))
        cost = cost_of(BOUND * gain)
        assert first is not None  # without a force the spring comes to rest
        if exact is None or cost is None:
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))
        own = STATES @ gain.T
        wrong = critic_action_gradient(critic, STATES, own) - STATES @ exact_action_gradient(
            exact, gain
        )
        idle = STATES @ exact_action_gradient(first, np.zeros((1, 2)))
        z = np.hstack([STATES, own + OFFSETS])
        values = -np.einsum("ni,ij,nj->n", z, exact, z)
        off = critic(STATES, own + OFFSETS).astype(float) - values
        return {
            "gradient_error": float(np.linalg.norm(wrong) / np.linalg.norm(idle)),
            "critic_error": float(np.linalg.norm(off) / np.linalg.norm(values)),
            "cost_ratio": float(np.trace(cost) / np.trace(optimal_cost())),
        }


def critic_action_gradient(critic: Critic, obs: Array, action: Array) -> Array:
    """The action gradient [N] that an actor receives: of the sum of all outputs, for each row.

    By central differences, which are exact for a quadratic critic; row by row, because the outputs
    of a critic may depend on other rows.
    """
    found = np.zeros(len(obs))
    for row in range(len(obs)):
        step = np.zeros_like(action)
        step[row] = STEP
        up, down = (critic(obs, action + sign * step).astype(float).sum() for sign in (1, -1))
        found[row] = (up - down) / (2.0 * STEP)
    return found
