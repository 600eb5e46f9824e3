"""On the bilinear game the gradient through K critic moves is known."""

import math

import numpy as np
import pytest
import torch

from bench.contribute.strategy_checks import same
from bench.functional import rng
from tests.support.closed_form import STEP as H
from tests.support.closed_form import at_point, build, learner, run, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_one_update_of_the_bilinear_game(depth: int) -> None:
    """psi_1 = psi - h theta; psi_K = psi_1 - K h theta; d(-psi_K theta) = -psi_1 + 2 K h theta."""
    matrix = update_matrix(learner("bilinear", build("unrolled", "bilinear", depth=depth)))
    first = np.array([[1, 0], [-H, 1]])
    second = np.array([[1 - 2 * depth * H**2, H], [0, 1]])
    assert matrix == pytest.approx(second @ first)
    assert np.abs(np.linalg.eigvals(matrix)).max() < 1  # which alternating play does not


@pytest.mark.parametrize("minimax", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_one_update_of_the_dirac_gan_by_hand(depth: int, minimax: bool) -> None:
    """Its actor's own loss is softplus(-psi theta), but the critic answers to softplus(psi theta).

    g = -sigma(-psi_K theta) psi_K - sigma(psi_K theta) theta d(psi_K)/d(theta); without `minimax`
    the second term is the own loss's, too: -sigma(-psi_K theta) theta d(psi_K)/d(theta).
    """
    theta, psi = 0.8, 0.5
    made = build("unrolled", "dirac", depth=depth, minimax=minimax)
    what = learner("dirac", made)
    state = at_point(what.init(rng.seed_key(0)), torch.tensor([theta, psi]))
    state, _ = what.update(state, what.task.blank(0), rng.seed_key(0))

    def moved(psi: float, theta: float, times: int = 1) -> float:
        for _ in range(times):
            psi -= H * theta / (1 + math.exp(-psi * theta))
        return psi

    first = moved(psi, theta)
    ahead, step = moved(first, theta, depth), 1e-6
    slope = (moved(first, theta + step, depth) - moved(first, theta - step, depth)) / (2 * step)
    wrong, right = (1 / (1 + math.exp(sign * ahead * theta)) for sign in (1, -1))
    answer = -right * theta * slope if minimax else -wrong * theta * slope
    assert float(state.players.critic["0/weight"]) == pytest.approx(first)
    assert float(state.players.actor["0/value"]) == pytest.approx(
        theta - H * (-wrong * ahead + answer)
    )


def test_in_rl_the_answer_counts_by_the_actors_own_loss() -> None:
    """There is no game of one value: to the last bit the same with `minimax` and without."""
    ends = [
        run(learner("lqr_game", build("unrolled", "lqr_game", depth=2, minimax=each)), 2)[0][-1]
        for each in (True, False)
    ]
    assert same(*(end.players for end in ends))


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
