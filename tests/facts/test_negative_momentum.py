"""Polyak's heavy ball with a negative beta, alternating: it converges on the bilinear game."""

import pytest
import torch

from bench.functional import rng
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


@pytest.mark.parametrize("player", ["actor", "critic"])
def test_under_adam_the_mean_takes_back_half_of_what_it_gave(player: str) -> None:
    """One gradient of 1, then none: (1 - beta) beta^t."""
    players = learner("ring8", build("negative_momentum", "ring8", beta=-0.5)).blueprint
    optimizer = players.players[player].optimizer
    params = {"w": torch.zeros(1)}
    state, response = optimizer.init(params), []
    for gradient in (1.0, 0.0, 0.0, 0.0):
        params, state = optimizer.update(params, {"w": torch.tensor([gradient])}, state)
        response.append(float(state["mean"]))
    assert response == pytest.approx([1.5, -0.75, 0.375, -0.1875], abs=1e-15)


@pytest.mark.parametrize("beta", [-0.5, -0.1])
def test_adams_loop_with_a_negative_beta1(beta: float) -> None:
    made = learner("ring8", build("negative_momentum", "ring8", beta=beta)).blueprint.critic
    params = {"w": torch.tensor([1.0, -2.0])}
    state, w = made.optimizer.init(params), params["w"]
    mean = square = torch.zeros(2)
    for t in range(1, 7):
        g = rng.normal(rng.seed_key(t), (2,))
        mean = beta * mean + (1 - beta) * g
        square = 0.999 * square + 0.001 * g**2
        unbiased, size = mean / (1 - beta**t), (square / (1 - 0.999**t)).sqrt()
        w = w - 1e-3 * unbiased / (size + 1e-8)
        params, state = made.optimizer.update(params, {"w": g}, state)
        assert torch.allclose(params["w"], w, rtol=1e-12)


@pytest.mark.parametrize("other", ["weight_decay", "optimistic"])
def test_the_loop_with_others_that_change_the_step(other: str) -> None:
    """psi <- s psi + velocity, s = 1 - h rate; or psi <- psi + 2 velocity - the last velocity."""
    beta, rate = -0.5, 0.3
    settings = {"rate": rate} if other == "weight_decay" else {}
    both = [build("negative_momentum", "bilinear", beta=beta), build(other, "bilinear", **settings)]
    states, _ = run(learner("bilinear", *both), 20)
    theta = float(states[0].players.actor["0/value"])
    psi = float(states[0].players.critic["0/weight"])
    s, more = (1 - H * rate, 0.0) if other == "weight_decay" else (1.0, 1.0)
    u = w = 0.0
    for state in states[1:]:
        last, w = w, beta * w - H * theta
        psi = s * psi + w + more * (w - last)
        last, u = u, beta * u + H * psi
        theta = s * theta + u + more * (u - last)
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
