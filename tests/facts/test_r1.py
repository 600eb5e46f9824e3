"""gamma/2 * psi^2 for a linear critic; on the Dirac-GAN, eigenvalues known in closed form."""

import numpy as np
import pytest

from bench.learner.integrators import simultaneous
from tests.support.closed_form import STEP, build, learner, run, same_spectrum, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def test_closed_form_of_the_penalty() -> None:
    states, plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("r1", "dirac", gamma=3.0)), 1)
    psi = float(states[0].players.critic["0/weight"])
    assert float(penalised.losses["critic"] - plain.losses["critic"]) == pytest.approx(1.5 * psi**2)


def test_eigenvalues_on_the_dirac_gan() -> None:
    matrix = update_matrix(learner("dirac", build("r1", "dirac", gamma=0.6), step=simultaneous))
    root = np.sqrt(complex(0.09 - 0.25))
    assert same_spectrum((matrix - np.eye(2)) / STEP, [-0.3 + root, -0.3 - root])
