"""The gradient of the critic's loss in q is 2 clamp(value - target, -delta, delta)."""

import pytest
import torch

from bench.experiment import registry
from bench.learner.problem import CriticQuery
from tests.support.closed_form import build

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("delta", [0.3, 1.0])
@pytest.mark.parametrize("name", ["lqr", "ring8"])
def test_the_slope_is_bounded(name: str, delta: float) -> None:
    task = registry.task(name)
    q = torch.tensor([-5.0, -0.4, 0.0, 0.2, 3.0])
    target = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0])
    empty = torch.zeros(5, 0)

    def loss(live: torch.Tensor) -> torch.Tensor:
        inside = {"rules": task, "q": staticmethod(lambda obs, action: live)}
        context = type("Context", (), inside)()
        query = CriticQuery("critic", empty, empty, target, torch.tensor(0.5))
        made = build("huber", name, delta=delta).critic_query(query, context)
        return task.critic_loss(live, made.target).sum()

    residual = task.value(q) - target
    expected = 2 * residual.clamp(-delta, delta)
    assert torch.allclose(torch.func.grad(loss)(q), expected)


def test_questions_of_the_actor_and_the_target_are_left_alone() -> None:
    empty = torch.zeros(2, 0)
    for purpose in ("actor", "target"):
        query = CriticQuery.without_target(purpose, empty, empty)  # type: ignore[arg-type]
        assert build("huber", "lqr").critic_query(query, None) is query
