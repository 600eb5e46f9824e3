"""Polyak's heavy ball with a negative beta, alternating: it converges on the bilinear game."""

import pytest

from bench.functional.pytree import leaves
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("beta", [-0.5, -0.2, 0.3])
def test_the_loop_of_the_paper(beta: float) -> None:
    states, _ = run(learner("bilinear", build("negative_momentum", "bilinear", beta=beta)), 30)
    theta = float(states[0].players.actor["0/value"])
    psi = float(states[0].players.critic["0/weight"])
    u = w = 0.0
    for state in states[1:]:
        w = beta * w - H * theta
        psi += w
        u = beta * u + H * psi
        theta += u
        assert float(state.players.actor["0/value"]) == pytest.approx(theta, abs=1e-12)
        assert float(state.players.critic["0/weight"]) == pytest.approx(psi, abs=1e-12)


def test_only_a_negative_one_converges() -> None:
    def shrinks(beta: float) -> bool:
        made = build("negative_momentum", "bilinear", beta=beta)
        states, _ = run(learner("bilinear", made), 400)
        ends = (states[0].players, states[-1].players)
        sizes = [float(c.actor["0/value"] ** 2 + c.critic["0/weight"] ** 2) for c in ends]
        return sizes[1] < 0.5 * sizes[0]

    assert shrinks(-0.5)
    assert not shrinks(0.3)


def test_it_diverges_where_the_rules_change() -> None:
    """Feng et al., 2023, arXiv 2310.02604: as for every method that trusts the last step."""
    made = build("negative_momentum", "twist")
    states, _ = run(learner("twist", made), 400)
    sizes = [sum(float(leaf.square().sum()) for leaf in leaves(s.players.params)) for s in states]
    assert sizes[-1] > 2.0 * sizes[0]
