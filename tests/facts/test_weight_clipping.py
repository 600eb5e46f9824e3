"""Every parameter of the critic stays within the bound; the actor is left alone."""

import pytest

from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_parameters_stay_within_the_bound() -> None:
    states, _ = run(learner("ring8", build("weight_clipping", "ring8", bound=0.02)), 3)
    for state in states[1:]:
        largest = max(float(leaf.abs().max()) for leaf in state.players.critic.values())
        assert largest == pytest.approx(0.02)
    assert max(float(leaf.abs().max()) for leaf in states[-1].players.actor.values()) > 0.1


def test_one_update_of_the_bilinear_game() -> None:
    """psi <- clamp(psi - h theta, -c, c); theta has followed the critic before it was clipped."""
    (start, end), _ = run(learner("bilinear", build("weight_clipping", "bilinear", bound=0.01)), 1)
    theta, psi = (
        float(p) for p in (start.players.actor["0/value"], start.players.critic["0/weight"])
    )
    moved = psi - 0.1 * theta
    assert abs(moved) > 0.01
    assert float(end.players.critic["0/weight"]) == pytest.approx(0.01 if moved > 0 else -0.01)
    assert float(end.players.actor["0/value"]) == pytest.approx(theta + 0.1 * moved)
