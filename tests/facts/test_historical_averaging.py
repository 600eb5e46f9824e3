"""Its gradient is 2 weight (params - mean), mean over all updates so far."""

import pytest
import torch

from bench.functional.pytree import ravel
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_memory_is_the_mean_of_all_points() -> None:
    states, _ = run(learner("ring8", build("historical_averaging", "ring8")), 6)
    for player in ("actor", "critic"):
        points = torch.stack([ravel(getattr(state.players, player)) for state in states])
        found = states[-1].memories["historical_averaging"][player]
        assert torch.allclose(found, points.mean(dim=0), atol=1e-12)


@pytest.mark.parametrize("player", ["actor", "critic"])
def test_gradient(player: str) -> None:
    made = build("historical_averaging", "ring8", weight=0.7)
    here, mean = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.0, 1.0, 0.5])

    def penalty(params: torch.Tensor) -> torch.Tensor:
        players = type("TrainState", (), {"params": {player: {"w": params}}})()
        context = type(
            "Context", (), {"players": players, "player": player, "memory": {player: mean}}
        )()
        return made.penalty(context)

    assert torch.allclose(torch.func.grad(penalty)(here), 1.4 * (here - mean))
