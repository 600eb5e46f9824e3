"""The critic's step is `ratio` times as long, the actor's is as before."""

import numpy as np
import pytest

from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("ratio", [0.5, 3.0])
def test_one_update_of_the_bilinear_game(ratio: float) -> None:
    """psi <- psi - r h theta, then theta <- theta + h psi."""
    matrix = update_matrix(learner("bilinear", build("ttur", "bilinear", ratio=ratio)))
    assert matrix == pytest.approx(np.array([[1 - ratio * H**2, H], [-ratio * H, 1]]))


def test_adams_rate_changes_too() -> None:
    players = learner("ring8", build("ttur", "ring8", ratio=3.0)).blueprint
    assert players.critic.optimizer.lr == pytest.approx(3 * players.actor.optimizer.lr)
