"""The actor follows copy + tau (psi - copy), psi the critic that has just moved."""

import pytest

from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("tau", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("task", ["bilinear"])
def test_the_loop_on_the_bilinear_game(task: str, tau: float) -> None:
    states, _ = run(learner(task, build("lagged_critic", task, tau=tau)), 20)
    theta = float(states[0].players.actor["0/value"])
    psi = copy = float(states[0].players.critic["0/weight"])
    for state in states[1:]:
        psi -= H * theta
        copy += tau * (psi - copy)
        theta += H * copy
        assert float(state.players.actor["0/value"]) == pytest.approx(theta, abs=1e-12)
        assert float(state.players.critic["0/weight"]) == pytest.approx(psi, abs=1e-12)


def test_it_acts_where_a_target_network_is_inert() -> None:
    from bench.experiment import registry

    for task in ("ring8", "digits"):
        assert build("target_network", task).inert(registry.task(task))
        assert build("lagged_critic", task).inert(registry.task(task)) is None
