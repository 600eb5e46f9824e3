"""On the bilinear game the gradient through K critic moves is known."""

import numpy as np
import pytest

from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_one_update_of_the_bilinear_game(depth: int) -> None:
    """psi_1 = psi - h theta; psi_K = psi_1 - K h theta; d(-psi_K theta) = -psi_1 + 2 K h theta."""
    matrix = update_matrix(learner("bilinear", build("unrolled", "bilinear", depth=depth)))
    first = np.array([[1, 0], [-H, 1]])
    second = np.array([[1 - 2 * depth * H**2, H], [0, 1]])
    assert matrix == pytest.approx(second @ first)
    assert np.abs(np.linalg.eigvals(matrix)).max() < 1  # which alternating play does not


def test_the_moves_ahead_are_taken_back() -> None:
    (_, plain), _ = run(learner("ring8"), 1)
    (_, ahead), _ = run(learner("ring8", build("unrolled", "ring8", depth=2)), 1)
    for one, other in zip(
        plain.players.critic.values(), ahead.players.critic.values(), strict=True
    ):
        assert (one == other).all()
    assert any(
        (one != other).any()
        for one, other in zip(
            plain.players.actor.values(), ahead.players.actor.values(), strict=True
        )
    )
