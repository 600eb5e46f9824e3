"""On the Dirac-GAN the slope is psi wherever it is looked at: weight * (|psi| - 1)^2."""

import pytest
import torch

from bench.functional import rng
from bench.learner.problem import Half, Halves
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", [0.5, 10.0])
def test_closed_form_of_the_penalty(weight: float) -> None:
    (start, _), plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("dragan", "dirac", weight=weight)), 1)
    psi = abs(float(start.players.critic["0/weight"]))
    added = float(penalised.losses["critic"] - plain.losses["critic"])
    assert added == pytest.approx(weight * (psi - 1.0) ** 2)


def test_it_looks_beside_the_data_on_one_side() -> None:
    """data <= a < data + spread * sd, and half of that on average times half a step."""
    looked: list[torch.Tensor] = []
    data = 3.0 * rng.normal(rng.seed_key(1), (4000, 2))
    half = Half(data[:, :0], data)

    def slope(at: Half) -> torch.Tensor:
        looked.append(at.action - data)
        return torch.ones_like(at.action)[None]

    inside = {"halves": staticmethod(lambda: Halves(half, half)), "slope": staticmethod(slope)}
    context = type("Context", (), {**inside, "key": rng.seed_key(2)})()
    build("dragan", "ring8", spread=0.5).penalty(context)
    (moved,) = looked
    assert moved.min() >= 0
    assert moved.max() <= 0.5 * data.std(correction=0)
    assert float(moved.mean()) == pytest.approx(0.5 * 3.0 / 4, rel=0.05)
