"""Always flipped, it is gradient ascent; at its default, a fair coin per player and update."""

import pytest
import torch

from bench.functional import rng
from bench.learner.integrators import simultaneous
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_flipped_gradients_climb() -> None:
    """One SGD step with every sign flipped moves both players the other way by as much."""
    flipped = learner("dirac", build("harmful", "dirac", flip=1.0), step=simultaneous)
    (start, down), _ = run(learner("dirac", step=simultaneous), 1)
    (_, up), _ = run(flipped, 1)
    for player, name in (("actor", "0/value"), ("critic", "0/weight")):
        here, there, back = (getattr(s.players, player)[name] for s in (start, down, up))
        assert torch.allclose(there - here, here - back)
        assert not torch.equal(there, here)


def test_the_coin_is_fair_and_the_players_toss_their_own() -> None:
    grads = build("harmful", "dirac").grads
    tosses = {
        player: torch.stack(
            [
                grads(
                    {"w": torch.ones(())},
                    type("Context", (), {"key": rng.seed_key(seed), "player": player})(),
                )["w"]
                for seed in range(400)
            ]
        )
        for player in ("actor", "critic")
    }
    for signs in tosses.values():
        assert abs(signs.mean()) < 0.2  # 4 standard errors
    assert not torch.equal(tosses["actor"], tosses["critic"])
