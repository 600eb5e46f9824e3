"""Adam's mean after two gradients is (1 - b) (b g_1 + g_2); without Adam nothing happens."""

import pytest
import torch

from bench.experiment import registry
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("player", ["actor", "critic"])
@pytest.mark.parametrize("beta1", [0.0, 0.5])
def test_the_mean_of_two_gradients(player: str, beta1: float) -> None:
    players = learner("ring8", build("low_beta1", "ring8", beta1=beta1)).blueprint
    optimizer = getattr(players, player).optimizer
    params = {"w": torch.zeros(1)}
    state = optimizer.init(params)
    for gradient in (3.0, 5.0):
        params, state = optimizer.update(params, {"w": torch.tensor([gradient])}, state)
    assert float(state["mean"]) == pytest.approx((1 - beta1) * (beta1 * 3.0 + 5.0))


def test_inert_without_adam() -> None:
    made = build("low_beta1", "bilinear")
    assert made.inert(registry.task("bilinear"))
    assert made.inert(registry.task("ring8")) is None
    plain = learner("bilinear").blueprint
    assert learner("bilinear", made).blueprint == plain
