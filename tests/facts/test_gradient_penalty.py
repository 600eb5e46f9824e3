"""For a linear critic psi * a the penalty is weight * (|psi| - 1)^2, wherever it is evaluated."""

import pytest

from tests.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", [0.1, 10.0])
def test_closed_form_on_the_dirac_gan(weight: float) -> None:
    states, plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("gradient_penalty", "dirac", weight=weight)), 1)
    psi = float(states[0].core.critic["0/weight"])
    # The norm is sqrt(psi^2 + 1e-12).
    assert float(penalised.critic_loss - plain.critic_loss) == pytest.approx(
        weight * (abs(psi) - 1) ** 2, rel=1e-6
    )


def test_the_actors_loss_is_untouched() -> None:
    penalised = learner("dirac", build("gradient_penalty", "dirac", weight=10.0))
    step_free = [run(what, 1)[0][0].core.actor for what in (learner("dirac"), penalised)]
    assert step_free[0] == step_free[1]
    game = build("gradient_penalty", "dirac")
    assert game.penalty(type("At", (), {"player": "actor"})()) == 0.0
