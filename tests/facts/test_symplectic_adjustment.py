"""On the bilinear game J is antisymmetric: A'F = v, eigenvalues 1 - h weight +- ih."""

import pytest
import torch

from bench.learner.integrators import GradAndLoss, symplectic
from bench.learner.state import TrainState
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, same_spectrum, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_eigenvalues_on_the_bilinear_game(weight: float) -> None:
    made = build("symplectic_adjustment", "bilinear", weight=weight)
    matrix = update_matrix(learner("bilinear", made))
    assert same_spectrum(matrix, [complex(1 - H * weight, H), complex(1 - H * weight, -H)])


@pytest.mark.parametrize("bend", [1.0, -1.0])
def test_a_potential_game_is_left_alone_and_the_sign_is_aligned(bend: float) -> None:
    """F = S v + turn R v: A = turn R; the sign is that of <F, J'F> <A'F, J'F> / d + 1/10."""
    for turn in (0.0, 2.0):
        jacobian = torch.tensor([[bend, -turn], [turn, bend]])
        antisymmetric = 0.5 * (jacobian - jacobian.T)
        v = torch.tensor([1.5, -0.5])
        field_at = jacobian @ v

        def grad_fn(
            player: str, point: TrainState, jacobian: torch.Tensor = jacobian
        ) -> GradAndLoss:
            here = jacobian @ torch.cat([point.actor["a"], point.critic["c"]])
            part = {"a": here[:1]} if player == "actor" else {"c": here[1:]}
            return GradAndLoss(part, here.sum())

        moved: dict[str, torch.Tensor] = {}

        def apply_gradients(
            players: TrainState, player: str, grads: dict, moved: dict = moved
        ) -> TrainState:  # type: ignore[type-arg]
            moved |= grads
            return players

        params = {"actor": {"a": v[:1]}, "critic": {"c": v[1:]}}
        players = TrainState(params, {"actor": {}, "critic": {}}, torch.tensor(0))
        symplectic(players, grad_fn, apply_gradients, ("critic", "actor"), weight=1.0)
        found = torch.cat([moved["a"], moved["c"]])
        hamiltonian = jacobian.T @ field_at
        adjustment = antisymmetric.T @ field_at
        inner = (field_at @ hamiltonian) * (adjustment @ hamiltonian) / 2 + 0.1
        assert torch.allclose(found, field_at + inner.sign() * adjustment)
