"""Norms of hidden weights stay what they were; the last layer, biases and directions are free."""

import pytest
import torch

from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def norm(leaf: torch.Tensor) -> float:
    return float(leaf.square().sum().sqrt())


@pytest.mark.parametrize("others", [(), ("twin_critics",)])
def test_hidden_norms_are_kept(others: tuple[str, ...]) -> None:
    made = [build(name, "ring8") for name in ("weight_projection", *others)]
    states, _ = run(learner("ring8", *made), 20)
    start, end = (state.players for state in (states[0], states[-1]))
    for player in ("actor", "critic"):
        for name, leaf in start.params[player].items():
            now = end.params[player][name]
            assert not torch.equal(leaf, now)
            last = name.endswith("4/weight")
            if name.endswith("weight"):
                assert (norm(now) == pytest.approx(norm(leaf), rel=1e-12)) != last


def test_a_projected_step_is_the_plain_one_scaled() -> None:
    (start, plain), _ = run(learner("ring8"), 1)
    (_, kept), _ = run(learner("ring8", build("weight_projection", "ring8")), 1)
    for name in ("0/weight", "2/weight"):
        moved = plain.players.critic[name]
        factor = norm(start.players.critic[name]) / norm(moved)
        assert torch.allclose(kept.players.critic[name], factor * moved)
    assert torch.equal(kept.players.critic["0/bias"], plain.players.critic["0/bias"])


def test_linear_players_have_no_hidden_layer() -> None:
    (_, plain), _ = run(learner("dirac"), 1)
    (_, kept), _ = run(learner("dirac", build("weight_projection", "dirac")), 1)
    assert plain.players.params == kept.players.params
