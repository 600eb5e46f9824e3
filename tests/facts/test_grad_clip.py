"""The gradient that moves a player is as long as the bound, or as it was."""

import pytest
import torch

from bench.functional.pytree import norm
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_length_and_direction() -> None:
    made = build("grad_clip", "ring8", bound=2.0)
    for size in (0.1, 2.0, 40.0):
        gradient = {"a": torch.tensor([3.0, 0.0]) * size, "b": torch.tensor([[4.0]]) * size}
        clipped = made.grads(gradient, None)
        assert float(norm(clipped)) == pytest.approx(min(2.0, 5.0 * size))
        assert float(clipped["a"][0] / clipped["b"][0, 0]) == pytest.approx(0.75)


def test_a_zero_gradient_stays_zero() -> None:
    clipped = build("grad_clip", "ring8").grads({"a": torch.zeros(3)}, None)
    assert (clipped["a"] == 0).all()


def test_each_player_by_itself() -> None:
    _, info = run(learner("ring8", build("grad_clip", "ring8", bound=1e-3)), 2)
    assert float(info.grad_norms["critic"]) == pytest.approx(1e-3)
    assert float(info.grad_norms["actor"]) == pytest.approx(1e-3)
