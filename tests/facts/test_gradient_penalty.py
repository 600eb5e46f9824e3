"""For a linear critic psi * a the penalty is weight * (|psi| - 1)^2, wherever it is evaluated."""

import pytest
import torch

from bench.functional import rng
from bench.learner.integrators import simultaneous
from bench.learner.problem import Half, Halves
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", [0.1, 10.0])
def test_closed_form_on_the_dirac_gan(weight: float) -> None:
    states, plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("gradient_penalty", "dirac", weight=weight)), 1)
    psi = float(states[0].players.critic["0/weight"])
    # The norm is sqrt(psi^2 + 1e-12).
    assert float(penalised.losses["critic"] - plain.losses["critic"]) == pytest.approx(
        weight * (abs(psi) - 1) ** 2, rel=1e-6
    )


def test_the_actor_moves_as_without_it() -> None:
    """With simultaneous steps the actor cannot feel what the penalty does to the critic."""
    strategy = build("gradient_penalty", "dirac", weight=10.0)
    (_, plain), _ = run(learner("dirac", step=simultaneous), 1)
    (_, penalised), _ = run(learner("dirac", strategy, step=simultaneous), 1)
    assert plain.players.actor == penalised.players.actor
    assert plain.players.critic != penalised.players.critic


def test_it_looks_between_the_halves() -> None:
    """One uniform step per row from the data towards the actor's sample."""
    looked: list[torch.Tensor] = []
    rows = torch.zeros(4000, 2)
    halves = Halves(data=Half(rows[:, :0], rows + 1.0), own=Half(rows[:, :0], rows + 3.0))

    def slope(at: Half) -> torch.Tensor:
        looked.append(at.action)
        return torch.ones_like(at.action)

    inside = {"halves": staticmethod(lambda: halves), "slope": staticmethod(slope)}
    context = type("Context", (), {**inside, "key": rng.seed_key(2)})()
    build("gradient_penalty", "ring8").penalty(context)
    (places,) = looked
    assert torch.equal(places[:, 0], places[:, 1])
    assert places.min() >= 1.0
    assert places.max() <= 3.0
    assert float(places.mean()) == pytest.approx(2.0, abs=0.05)
    assert float(places[:, 0].std()) == pytest.approx(2.0 / 12**0.5, rel=0.05)
