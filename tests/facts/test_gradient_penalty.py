"""For a linear critic psi * a the penalty is weight * (|psi| - 1)^2, wherever it is evaluated."""

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.learner.integrators import simultaneous
from bench.learner.problem import Half, Halves
from tests.support.closed_form import build, critic_loss, learner, run, with_critic

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


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
@pytest.mark.parametrize(("psi", "free"), [(0.4, True), (-0.4, True), (1.6, False)])
def test_one_sided_slopes_below_1_are_free(name: str, psi: float, free: bool) -> None:
    """No cost and no gradient, to the last bit; above 1, and if two-sided, as ever."""
    critic = {"0/weight": torch.tensor([[psi]])}
    for one_sided in (False, True):
        made = build(name, "dirac", weight=10.0, one_sided=one_sided)
        cost = critic_loss("dirac", made, critic=critic) - critic_loss("dirac", critic=critic)
        none = one_sided and free
        wanted = 0.0 if none else 10.0 * (abs(psi) - 1.0) ** 2
        assert cost == (0.0 if none else pytest.approx(wanted, rel=1e-6))
        key, moved = rng.seed_key(0), []
        for what in (learner("dirac"), learner("dirac", made)):
            state = with_critic(what.init(key), critic)
            moved.append(what.update(state, what.task.blank(0), key)[0].players.critic["0/weight"])
        assert torch.equal(*moved) == none


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
def test_in_rl_it_is_one_sided(name: str) -> None:
    """A slope of 1 everywhere would forbid a best action. A new critic's slopes are below 1."""
    seen = experience(learner("pendulum").task, rng.seed_key(1))
    plain = critic_loss("pendulum", seen=seen)
    assert critic_loss("pendulum", build(name, "pendulum"), seen=seen) == plain
    two_sided = build(name, "pendulum", one_sided=False)
    assert critic_loss("pendulum", two_sided, seen=seen) > plain + 1.0


def test_it_looks_between_the_halves() -> None:
    """One uniform step per row from the data towards the actor's sample."""
    looked: list[torch.Tensor] = []
    rows = torch.zeros(4000, 2)
    halves = Halves(data=Half(rows[:, :0], rows + 1.0), own=Half(rows[:, :0], rows + 3.0))

    def slope(at: Half) -> torch.Tensor:
        looked.append(at.action)
        return torch.ones_like(at.action)[None]

    inside = {"halves": staticmethod(lambda: halves), "slope": staticmethod(slope)}
    context = type("Context", (), {**inside, "key": rng.seed_key(2)})()
    build("gradient_penalty", "ring8").penalty(context)
    (places,) = looked
    assert torch.equal(places[:, 0], places[:, 1])
    assert places.min() >= 1.0
    assert places.max() <= 3.0
    assert float(places.mean()) == pytest.approx(2.0, abs=0.05)
    assert float(places[:, 0].std()) == pytest.approx(2.0 / 12**0.5, rel=0.05)
