"""0 where the shorter side of every weight is orthogonal, of any lengths; else by two loops."""

import pytest
import torch

from bench.functional import rng
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def penalty(weight: torch.Tensor, factor: float = 0.3) -> torch.Tensor:
    params = {"0/weight": weight, "0/bias": 7.0 * torch.ones(len(weight))}
    players = type("TrainState", (), {"params": {"critic": params}})()
    context = type("Context", (), {"players": players, "player": "critic"})()
    return build("orthogonal", "ring8", weight=factor).penalty(context)


def test_by_two_loops() -> None:
    weight = rng.normal(rng.seed_key(0), (3, 4))
    products = [float(weight[i] @ weight[j]) ** 2 for i in range(3) for j in range(3) if i != j]
    assert float(penalty(weight)) == pytest.approx(0.3 * sum(products))
    convolution = weight.reshape(3, 4, 1, 1)
    assert float(penalty(convolution)) == pytest.approx(0.3 * sum(products))
    assert float(penalty(weight.T)) == pytest.approx(0.3 * sum(products))


def test_a_layer_of_more_outputs_than_inputs_may_keep_its_size() -> None:
    """Its rows cannot be orthogonal, its columns can."""
    columns, _ = torch.linalg.qr(rng.normal(rng.seed_key(2), (64, 2)))
    assert float(penalty(7.0 * columns)) == pytest.approx(0.0, abs=1e-20)


def test_orthogonal_rows_of_any_length_cost_nothing() -> None:
    orthogonal, _ = torch.linalg.qr(rng.normal(rng.seed_key(1), (5, 5)))
    lengths = torch.tensor([0.1, 1.0, 5.0, 2.0, 0.0])
    assert float(penalty(lengths[:, None] * orthogonal)) == pytest.approx(0.0, abs=1e-20)


def test_training_makes_rows_more_orthogonal() -> None:
    def overlap(factor: float) -> float:
        what = learner("ring8", build("orthogonal", "ring8", weight=factor))
        states, _ = run(what, 60)
        rows = torch.nn.functional.normalize(states[-1].players.critic["2/weight"], dim=1)
        return float((rows @ rows.T - torch.eye(len(rows))).square().sum())

    assert overlap(1.0) < 0.5 * overlap(0.0)
