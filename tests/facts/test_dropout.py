"""A share of hidden units is 0, the mean stays; nothing is dropped in an evaluation."""

import pytest
import torch

from bench.functional import rng
from bench.functional.layers import Dense
from bench.functional.wrappers import Dropout
from bench.learner.forward import ForwardContext
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def test_share_and_mean() -> None:
    layer = Dropout(Dense(50), rate=0.3)
    params, _ = layer.init(rng.seed_key(0), (4,))
    x = torch.ones(2000, 4)
    plain = layer.apply(params, x)
    dropped = layer.apply({**params, "key": rng.seed_key(1)}, x)
    zero = dropped == 0
    assert float(zero.double().mean()) == pytest.approx(0.3, abs=0.01)
    assert torch.allclose(dropped[~zero], (plain / 0.7)[~zero])
    assert torch.allclose(dropped.mean(dim=0), plain.mean(dim=0), atol=0.1)


def test_passes_draw_apart_and_an_evaluation_not_at_all() -> None:
    made = build("dropout", "ring8", rate=0.5)
    what = learner("ring8", made)
    key = rng.seed_key(0)
    state = what.init(key)
    critic, net = state.players.critic, what.blueprint.critic.net
    rows = rng.normal(key, (5, 2))

    def judged(key: torch.Tensor | None) -> torch.Tensor:
        return net.apply(made.forward_params(critic, ForwardContext("critic", None, key)), rows)

    assert torch.equal(judged(key), judged(key))
    assert not torch.allclose(judged(key), judged(rng.seed_key(1)))
    assert torch.equal(judged(None), what.says(state, "critic", rows[:, :0], rows)[:, None])
    forward = what._forward(state, key)
    assert forward.params("critic", critic, key) is not critic
    assert forward.params("actor", state.players.actor, key) is state.players.actor


def test_the_critics_loss_and_the_actors_draw_apart() -> None:
    """Three passes of one update, three keys."""
    keys: list[int] = []

    def weights(params: dict, use: ForwardContext) -> dict:  # type: ignore[type-arg]
        if use.player == "critic" and use.key is not None:
            keys.append(int(use.key))
        return params

    from bench.contribute.strategy_checks import experience
    from bench.learner.strategy import Strategy
    from tests.support.closed_form import run

    what = learner("lqr", Strategy(name="spy", forward_params=weights))
    run(what, 1, experience(what.task, rng.seed_key(1)))
    assert len(keys) == len(set(keys)) == 3
