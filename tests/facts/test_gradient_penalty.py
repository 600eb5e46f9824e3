"""For a linear critic psi * a the penalty is weight * (|psi| - 1)^2, wherever it is evaluated."""

import pytest

from bench.steps import simultaneous
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


def test_the_actor_moves_as_without_it() -> None:
    """With simultaneous steps the actor cannot feel what the penalty does to the critic."""
    strategy = build("gradient_penalty", "dirac", weight=10.0)
    (_, plain), _ = run(learner("dirac", step=simultaneous), 1)
    (_, penalised), _ = run(learner("dirac", strategy, step=simultaneous), 1)
    assert plain.core.actor == penalised.core.actor
    assert plain.core.critic != penalised.core.critic
