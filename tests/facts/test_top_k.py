"""The k rows with the largest q count rows / k each, the others nothing; k falls as stated."""

import pytest
import torch

from bench.experiment import registry
from bench.learner.problem import CriticQuery
from tests.support.closed_form import build

pytestmark = pytest.mark.usefixtures("float64")


def weights(q: torch.Tensor, step: int, **settings: float) -> torch.Tensor:
    task = registry.task("ring8")
    players = type("TrainState", (), {"critic": None, "step": torch.tensor(step)})()
    context = type(
        "Context", (), {"task": task, "players": players, "judged": staticmethod(lambda *_: q)}
    )()
    rows = torch.zeros(len(q), 2)
    query = CriticQuery.without_target("actor", rows, rows)._replace(
        weight=3.0
    )  # given by another strategy
    made = build("top_k", "ring8", **settings).critic_query(query, context)
    return torch.as_tensor(made.weight).expand(len(q)) / 3.0


def test_the_best_count_and_the_mean_is_over_them() -> None:
    q = torch.tensor([0.3, 2.0, -1.0, 5.0])
    late = registry.task("ring8").updates
    assert weights(q, late).tolist() == [0.0, 2.0, 0.0, 2.0]
    assert weights(q, 0).tolist() == [1.0] * 4


def test_k_falls_from_all_to_the_least() -> None:
    q, updates = torch.arange(100.0), registry.task("ring8").updates
    for share, kept in ((0.0, 100), (0.25, 78), (0.5, 61), (0.69, 50), (1.0, 50)):
        step = round(share * updates)
        assert int((weights(q, step) > 0).sum()) == kept


def test_only_the_actor_is_asked() -> None:
    rows = torch.zeros(2, 2)
    query = CriticQuery.without_target("target", rows, rows)
    assert build("top_k", "ring8").critic_query(query, None) is query
    assert build("top_k", "bilinear").inert(registry.task("bilinear"))
    assert build("top_k", "ring8").inert(registry.task("ring8")) is None
