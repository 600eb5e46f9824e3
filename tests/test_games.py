"""Rates of the games with closed-form answers, for every order of play."""

import numpy as np
import pytest

from bench.steps import alternating, simultaneous
from tests.closed_form import STEP as H
from tests.closed_form import build, learner, same_spectrum, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def test_bilinear_simultaneous_spirals_out() -> None:
    # M = [[1, h], [-h, 1]], eigenvalues 1 +- ih.
    assert radius(update_matrix(learner("bilinear", step=simultaneous))) == pytest.approx(
        np.sqrt(1 + H**2), abs=1e-6
    )


def test_bilinear_alternating_goes_round() -> None:
    # Critic first: M = [[1 - h^2, h], [-h, 1]], determinant 1, complex eigenvalues: modulus 1.
    matrix = update_matrix(learner("bilinear", step=alternating))
    assert radius(matrix) == pytest.approx(1.0, abs=1e-6)
    assert matrix == pytest.approx(np.array([[1 - H**2, H], [-H, 1]]), abs=1e-6)


def test_bilinear_extragradient_spirals_in() -> None:
    # M = I + hA + h^2 A^2 with A = [[0, 1], [-1, 0]]: eigenvalues 1 - h^2 +- ih.
    matrix = update_matrix(learner("bilinear", build("extragradient", "bilinear")))
    assert radius(matrix) == pytest.approx(np.sqrt(1 - H**2 + H**4), abs=1e-6)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_bilinear_r1_contracts(gamma: float) -> None:
    # R1 adds -gamma psi to the critic's field: A = [[0, 1], [-1, -gamma]].
    field = np.array([[0, 1], [-1, -gamma]])
    plan = build("r1", "bilinear", gamma=gamma)
    matrix = update_matrix(learner("bilinear", plan, step=simultaneous))
    assert same_spectrum(matrix, np.linalg.eigvals(np.eye(2) + H * field))


def test_dirac_simultaneous() -> None:
    # The field's eigenvalues at the origin are +-i/2 (Mescheder et al., 2018, lemma 2.3).
    matrix = update_matrix(learner("dirac", step=simultaneous))
    assert same_spectrum((matrix - np.eye(2)) / H, [0.5j, -0.5j])


def test_dirac_alternating() -> None:
    # Half-steps [[1, h/2], [0, 1]] after [[1, 0], [-h/2, 1]]: determinant 1, modulus 1.
    matrix = update_matrix(learner("dirac", step=alternating))
    assert matrix == pytest.approx(np.array([[1 - H**2 / 4, H / 2], [-H / 2, 1]]), abs=1e-6)
    assert radius(matrix) == pytest.approx(1.0, abs=1e-6)


def test_dirac_extragradient() -> None:
    # 1 + h l + h^2 l^2 with l = +-i/2.
    matrix = update_matrix(learner("dirac", build("extragradient", "dirac")))
    assert same_spectrum(matrix, [1 + H * x + H**2 * x**2 for x in (0.5j, -0.5j)])


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("order", [simultaneous, alternating])
def test_dirac_r1(gamma: float, order: object) -> None:
    # The field's eigenvalues are -gamma/2 +- sqrt(gamma^2/4 - 1/4) (theorem 4.1 with f'(0) = 1/2).
    root = np.sqrt(complex(gamma**2 / 4 - 1 / 4))
    plan = build("r1", "dirac", gamma=gamma)
    if order is simultaneous:
        matrix = update_matrix(learner("dirac", plan, step=simultaneous))
        found = np.sort_complex(np.linalg.eigvals((matrix - np.eye(2)) / H))
        # A double eigenvalue (gamma = 1) moves by the square root of a perturbation.
        wanted = np.sort_complex(np.array([-gamma / 2 + root, -gamma / 2 - root]))
        assert np.poly(found) == pytest.approx(np.poly(wanted), abs=1e-6)
    else:
        # Critic first: psi' = (1 - h gamma) psi - h/2 theta, then theta' = theta + h/2 psi'.
        keep = 1 - H * gamma
        wanted_matrix = np.array([[1 - H**2 / 4, H / 2 * keep], [-H / 2, keep]])
        matrix = update_matrix(learner("dirac", plan, step=alternating))
        assert matrix == pytest.approx(wanted_matrix, abs=1e-6)
