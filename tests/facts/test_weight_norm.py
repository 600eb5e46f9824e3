"""Equal to torch's weight norm; the first outputs are those without it."""

import pytest
import torch

from bench.functional import rng
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("task", ["ring8", "digits"])
def test_the_first_outputs_stay(task: str) -> None:
    plain, what = learner(task), learner(task, build("weight_norm", task))
    rows = rng.normal(rng.seed_key(1), (6, plain.task.action_size))
    outputs = [
        each.blueprint.critic.net.apply(each.init(rng.seed_key(0)).players.critic, rows)
        for each in (plain, what)
    ]
    assert torch.allclose(*outputs)


def test_equal_to_torchs_after_a_change() -> None:
    from bench.functional.layers import Dense
    from bench.functional.wrappers import WeightNorm

    layer = WeightNorm(Dense(3))
    params, _ = layer.init(rng.seed_key(0), (4,))
    params = {**params, "gain": torch.tensor([1.0, 2.0, 3.0]), "weight": 5.0 * params["weight"]}
    theirs = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(4, 3))
    theirs.parametrizations.weight.original0.data = params["gain"][:, None]
    theirs.parametrizations.weight.original1.data = params["weight"]
    theirs.bias.data = params["bias"]
    x = rng.normal(rng.seed_key(1), (5, 4))
    assert torch.allclose(layer.apply(params, x), theirs(x))
    assert torch.allclose(layer.apply({**params, "weight": 0.1 * params["weight"]}, x), theirs(x))
