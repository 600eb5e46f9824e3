"""Linear-quadratic regulator: a linear system (a spring) with quadratic costs, solved exactly.

From x the force u leads to A x + B u and costs x'Qx + u'Ru, discounted by 0.95; u = BOUND * action.
The discounted cost of a policy u = K x is x'Px, with P from a Lyapunov equation of the system
scaled by sqrt(discount); for the optimal policy P comes from the Riccati equation (Bertsekas,
Dynamic Programming and Optimal Control, volume 1, section 4.1).
"""

from __future__ import annotations

import numpy as np

from bench.functional.layers import Dense, Net, Quadratic
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Array

DISCOUNT = 0.95
BOUND = 2.0  # force at action 1: the optimal policy uses at most 1.3
A = np.array([[0.95, 0.3], [-0.3, 0.95]])  # a slowly damped oscillation, spectral radius 0.996
B = np.array([[0.0], [0.5]])
Q = np.eye(2)
R = np.array([[0.5]])


def optimal_cost() -> Array:
    """P [2, 2]: the optimal discounted cost from x is x'Px."""
    from scipy.linalg import solve_discrete_are  # a quarter of a second that only LQR costs

    root = np.sqrt(DISCOUNT)
    return solve_discrete_are(root * A, root * B, Q, R)


def optimal_gain() -> Array:
    """K [1, 2]: the optimal force is u = K x."""
    cost = optimal_cost()
    return -np.linalg.solve(R + DISCOUNT * B.T @ cost @ B, DISCOUNT * B.T @ cost @ A)


def cost_of(gain: Array) -> Array | None:
    """P [2, 2]: the discounted cost from x under the force u = K x is x'Px; None if infinite."""
    from scipy.linalg import solve_discrete_lyapunov

    closed = np.sqrt(DISCOUNT) * (A + B @ gain)
    if np.abs(np.linalg.eigvals(closed)).max() >= 1.0:
        return None
    return solve_discrete_lyapunov(closed.T, Q + gain.T @ R @ gain)


def cost_to_go(cost: Array) -> Array:
    """H [3, 3]: z'Hz is the cost of the force u in x, then of P, discounted; z = (x, u)."""
    step = np.hstack([A, B])
    now = np.block([[Q, np.zeros((2, 1))], [np.zeros((1, 2)), R]])
    return now + DISCOUNT * step.T @ cost @ step


def players(lr: float) -> Blueprint:
    """action = W x, and q linear in all products of (x, action), as the exact solution is."""
    return Blueprint(
        actor=Player(Net((Dense(1, bias=False),)), Adam(lr)),
        critic=Player(Net((Quadratic(), Dense(1, bias=False))), Adam(lr)),
    )
