"""Learners by name, the matrix of one update of a point game, and runs of one seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import Params, leaves, tmap
from bench.learner.integrators import Integrator, alternating
from bench.learner.learner import Learner
from bench.learner.problem import Experience
from bench.learner.state import Info, LearnerState
from bench.learner.strategy import Strategy, combine

STEP = 0.1  # the point games' learning rate, h in the formulas


def learner(task: str, *strategies: Strategy, step: Integrator = alternating) -> Learner:
    """A learner on a task, by name."""
    return Learner(registry.task(task), combine(strategies), default_integrator=step)


def evaluated(what: Learner, evaluations: int, **changes: Any) -> Learner:
    """The same learner on a task that is evaluated more seldom, and otherwise as `changes` say."""
    task: Any = type(what.task)
    rarely = type(task.__name__, (task,), {"evaluations": evaluations, **changes})()
    return replace(what, task=rarely)


def build(name: str, task: str, **settings: Any) -> Strategy:
    """A strategy with its defaults on a task, overridden by `settings`."""
    return registry.strategy(name).build(registry.task(task), settings)


def with_critic(state: LearnerState, critic: Params) -> LearnerState:
    """The state with these parameters of the critic."""
    return state._replace(players=state.players.with_params({"critic": critic}))


def critic_loss(
    task: str, *strategies: Strategy, critic: Params | None = None, seen: Experience | None = None
) -> float:
    """The critic's loss in the first update, from these parameters of it."""
    what, key = learner(task, *strategies), rng.seed_key(0)
    state = what.init(key)
    state = state if critic is None else with_critic(state, critic)
    _, info = what.update(state, what.task.blank(0) if seen is None else seen, key)
    return float(info.losses["critic"])


def at_point(state: LearnerState, point: Tensor) -> LearnerState:
    """The state of a point game moved to (theta, psi)."""
    (theta,), (psi,) = state.players.actor, state.players.critic  # their only parameters' names
    moved = {"actor": {theta: point[:1]}, "critic": {psi: point[1:].reshape(1, 1)}}
    return state._replace(players=state.players.with_params(moved))


def update_matrix(what: Learner, updates: int = 1) -> NDArray[Any]:
    """[2, 2] Jacobian at the equilibrium of what one update does to (theta, psi).

    By central differences: of what an update gives, whatever it takes as a constant within.
    """
    key = rng.seed_key(0)

    def move(point: Tensor) -> Tensor:
        state = at_point(what.init(key), point)
        for _ in range(updates):
            state, _ = what.update(state, what.task.blank(0), key)
        return torch.cat([leaf.reshape(1) for leaf in leaves(state.players.params)])

    ways = 1e-4 * torch.eye(2)
    return torch.stack([(move(way) - move(-way)) / 2e-4 for way in ways], dim=1).numpy()


def eigenvalues(matrix: NDArray[Any]) -> NDArray[np.complex128]:
    """Sorted by imaginary, then by real part."""
    found = np.linalg.eigvals(matrix.astype(complex))
    return found[np.lexsort((found.real.round(9), found.imag.round(9)))]


def same_spectrum(one: NDArray[Any], other: Sequence[complex] | NDArray[Any]) -> bool:
    """Whether the eigenvalues of a matrix are the given ones, to 1e-6."""
    wanted = eigenvalues(np.diag(np.asarray(other, dtype=complex)))
    return bool(np.allclose(eigenvalues(one), wanted, rtol=0, atol=1e-6))


def run(
    what: Learner, updates: int, seen: Any = None, seed: int = 0
) -> tuple[list[LearnerState], Info]:
    """The states of one seed after 0 to `updates` updates, and the last report."""
    key = rng.seed_key(seed)
    states = [what.init(key)]
    info = None
    for _ in range(updates):
        kept = tmap(lambda leaf: leaf.clone(), states[-1])
        state, info = what.update(kept, what.task.blank(0) if seen is None else seen, key)
        states.append(state)
    assert info is not None
    return states, info
