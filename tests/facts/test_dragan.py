"""On the Dirac-GAN the slope is psi wherever it is looked at: weight * (|psi| - 1)^2."""

import pytest
import torch

from bench.functional import rng
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", [0.5, 10.0])
def test_closed_form_of_the_penalty(weight: float) -> None:
    (start, _), plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("dragan", "dirac", weight=weight)), 1)
    psi = abs(float(start.players.critic["0/weight"]))
    added = float(penalised.critic_loss - plain.critic_loss)
    assert added == pytest.approx(weight * (psi - 1.0) ** 2)


def test_it_looks_beside_the_data_on_one_side() -> None:
    """data <= a < data + spread * sd, and half of that on average times half a step."""
    looked: list[torch.Tensor] = []
    data = 3.0 * rng.normal(rng.seed_key(1), (4000, 2))
    halves = type("Halves", (), {"obs": None, "data": data, "own": data})()

    def dq_da(critic: object, obs: object, action: torch.Tensor) -> torch.Tensor:
        looked.append(action - data)
        return torch.ones_like(action)

    inside = {"player": "critic", "players": type("C", (), {"critic": None})(), "batch": None}
    context = type(
        "Context", (), {**inside, "key": rng.seed_key(2), "dq_da": staticmethod(dq_da)}
    )()
    context.halves = lambda *_: halves
    build("dragan", "ring8", spread=0.5).penalty(context)
    (moved,) = looked
    assert moved.min() >= 0
    assert moved.max() <= 0.5 * data.std(correction=0)
    assert float(moved.mean()) == pytest.approx(0.5 * 3.0 / 4, rel=0.05)
