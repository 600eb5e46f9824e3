"""Noise of variance / (1 + t)^0.55 on every parameter's gradient, new in every update."""

import pytest
import torch

from bench.functional import rng
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def noise(step: int, variance: float = 0.25, player: str = "critic") -> torch.Tensor:
    """What is added to a gradient of zeros."""
    players = type("TrainState", (), {"step": torch.tensor(step)})()
    key = rng.fold(rng.seed_key(0), step)
    context = type("Context", (), {"players": players, "key": key, "player": player})()
    made = build("gradient_noise", "ring8", variance=variance)
    return made.grads({"w": torch.zeros(20_000)}, context)["w"]


@pytest.mark.parametrize("step", [0, 1, 99, 9999])
def test_the_variance_falls(step: int) -> None:
    found = noise(step)
    assert float(found.var()) == pytest.approx(0.25 / (1 + step) ** 0.55, rel=0.04)
    assert float(found.mean()) == pytest.approx(0.0, abs=5 * float(found.std()) / 20_000**0.5)


def test_players_and_updates_have_noise_of_their_own() -> None:
    pairs = [(noise(3), noise(3, player="actor")), (noise(3), noise(4))]
    for one, other in pairs:
        assert abs(float((one * other).mean() / (one.std() * other.std()))) < 0.04


def test_gradient_descent_moves_by_it() -> None:
    """The bilinear game by plain steps: what is added moves the first player by -h times it."""
    (_, plain), _ = run(learner("bilinear"), 1)
    (_, noisy), _ = run(learner("bilinear", build("gradient_noise", "bilinear", variance=4.0)), 1)
    key = rng.fold(rng.fold(rng.seed_key(0), 0), "gradient_noise")  # the strategy's, first update
    added = 2.0 * float(rng.normal(rng.fold(key, "critic"), (1,)))
    (one,), (other,) = plain.players.critic.values(), noisy.players.critic.values()
    assert float(other - one) == pytest.approx(-H * added, rel=1e-9)
