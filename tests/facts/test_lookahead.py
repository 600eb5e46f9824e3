"""Every k updates the players are at (1 - alpha) v + alpha M^k v, M one update without it."""

import numpy as np
import pytest

from bench.learner.state import LearnerState
from tests.support.closed_form import build, learner, run, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def place(state: LearnerState) -> np.ndarray:
    players = state.players
    return np.array([float(players.actor["0/value"]), float(players.critic["0/weight"])])


@pytest.mark.parametrize(("every", "alpha"), [(1, 0.5), (3, 0.5), (5, 0.2)])
def test_where_the_players_are(every: int, alpha: float) -> None:
    plain = update_matrix(learner("bilinear"))
    states, _ = run(
        learner("bilinear", build("lookahead", "bilinear", every=every, alpha=alpha)), 3 * every
    )
    slow = fast = place(states[0])
    for number, state in enumerate(states[1:], start=1):
        fast = plain @ fast
        if number % every == 0:
            slow = fast = slow + alpha * (fast - slow)
        assert place(state) == pytest.approx(fast, abs=1e-12)


def test_it_converges_where_alternating_play_goes_round() -> None:
    def shrinks(*names: str) -> bool:
        states, _ = run(learner("bilinear", *(build(name, "bilinear") for name in names)), 500)
        sizes = [float(np.hypot(*place(state))) for state in (states[0], states[-1])]
        return sizes[1] < 0.2 * sizes[0]

    assert shrinks("lookahead")
    assert not shrinks()
