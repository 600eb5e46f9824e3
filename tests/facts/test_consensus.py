"""Known eigenvalues: 1 - h gamma +- ih on the bilinear game, 1 - h gamma/4 +- ih/2 on Dirac."""

import pytest

from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, same_spectrum, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("gamma", [0.2, 1.0])
@pytest.mark.parametrize(("task", "turn"), [("bilinear", 1.0), ("dirac", 0.5)])
def test_eigenvalues_at_the_equilibrium(task: str, turn: float, gamma: float) -> None:
    """J is a rotation by 90 degrees times `turn`: J'J = turn^2 I (Mescheder et al., 2017)."""
    matrix = update_matrix(learner(task, build("consensus", task, gamma=gamma)))
    real = 1 - H * gamma * turn**2
    assert same_spectrum(matrix, [complex(real, H * turn), complex(real, -H * turn)])
