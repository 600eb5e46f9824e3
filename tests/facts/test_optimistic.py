"""Optimistic gradient descent: v + 2 s_t - s_{t-1}; optimistic Adam likewise with its steps."""

import numpy as np
import pytest
import torch

from bench.functional.optim import Adam
from bench.learner.integrators import simultaneous
from bench.learner.state import LearnerState
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_loop_of_the_paper_on_the_bilinear_game() -> None:
    """Simultaneous, as in the paper; plain gradients spiral out, optimistic ones in."""
    what = learner("bilinear", build("optimistic", "bilinear"), step=simultaneous)
    states, _ = run(what, 600)
    players = states[0].players
    v = np.array([float(players.actor["0/value"]), float(players.critic["0/weight"])])
    start, field, last = np.hypot(*v), np.array([[0, H], [-H, 0]]), np.zeros(2)
    for state in states[1:]:
        step = field @ v
        v, last = v + 2 * step - last, step
        found = [
            float(state.players.actor["0/value"]),
            float(state.players.critic["0/weight"]),
        ]
        assert found == pytest.approx(v.tolist(), abs=1e-10)
    assert np.hypot(*v) < 0.2 * start


def test_optimistic_adam() -> None:
    """Daskalakis et al., algorithm 1: twice Adam's own step, less the one before."""
    made = learner("ring8", build("optimistic", "ring8")).blueprint.actor.optimizer
    plain = Adam(made.inner.lr)
    params = {"w": torch.tensor([1.0, -2.0])}
    state, beside = made.init(params), plain.init(params)
    last = torch.zeros(2)
    for number in range(5):
        gradient = {"w": torch.tensor([1.0 + number, -3.0 * number])}
        moved, beside = plain.update(params, gradient, beside)
        step = moved["w"] - params["w"]
        expected = params["w"] + 2 * step - last
        params, state = made.update(params, gradient, state)
        assert torch.allclose(params["w"], expected, atol=1e-14)
        last = step


def test_it_diverges_where_the_rules_change() -> None:
    """Feng et al., 2023, arXiv 2310.02604: the last step is no guide to the next one."""
    what = learner("twist", build("optimistic", "twist"), step=simultaneous)
    assert distance(run(what, 100)[0][-1]) > 2.0 * distance(run(what, 1)[0][0])


def distance(state: LearnerState) -> float:
    (theta,), (psi,) = state.players.actor.values(), state.players.critic.values()
    return float(np.hypot(float(theta), float(psi)))
