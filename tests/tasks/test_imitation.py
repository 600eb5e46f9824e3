"""Adversarial imitation: the saddle, what is shown to whom, and the demonstrations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.functional import rng
from bench.learner.forward import Forward
from bench.learner.learner import Learner
from bench.tasks import lqr_imitation, pendulum_imitation
from bench.tasks.family.linear import BOUND, DISCOUNT, A, B, optimal_gain
from tests.support.closed_form import build, learner

Array = NDArray[Any]


def at_the_expert(gain: Array) -> tuple[Learner, Any]:
    what = learner("lqr_imitation")
    state = what.init(rng.seed_key(0))
    actor = {"0/weight": torch.tensor(gain / BOUND, dtype=torch.get_default_dtype())}
    flat = {name: 0.0 * leaf for name, leaf in state.players.params["reward"].items()}
    players = state.players.with_params({"actor": actor, "reward": flat})
    return what, state._replace(players=players)


@pytest.mark.usefixtures("float64")
def test_the_expert_is_the_saddle_of_imitation() -> None:
    """Where the actor is the expert, a reward that says nothing has no slope and loss 2 log 2.

    Its states are the expert's: only if the expert explores with the actor's noise.
    """
    found = {}
    for name, gain in (("expert", optimal_gain()), ("idle", 0.0 * optimal_gain())):
        what, state = at_the_expert(gain)
        seen = by_hand(gain, what.task.exploration)  # type: ignore[attr-defined]
        _, info = what.update(state, seen, rng.seed_key(1))
        assert float(info.losses["reward"]) == pytest.approx(2 * np.log(2))
        found[name] = float(info.grad_norms["reward"])
    assert found["expert"] < 0.02
    assert found["idle"] > 5.0 * found["expert"]
    what, state = at_the_expert(optimal_gain())
    still = by_hand(optimal_gain(), 0.0)  # the same actor without exploration is told apart
    _, info = what.update(state, still, rng.seed_key(1))
    assert float(info.grad_norms["reward"]) > 2.0 * found["expert"]


def by_hand(gain: Array, noise: float) -> Any:
    """What a policy sees in many episodes; written anew, in another order of draws."""
    task, draws = lqr_imitation.task, np.random.default_rng(7)
    rows = []
    for _ in range(4000):
        state = draws.uniform(-1.0, 1.0, 2)
        for _ in range(25):
            tried = np.clip(gain @ state / BOUND + noise * draws.normal(size=1), -1.0, 1.0)
            ahead = A @ state + BOUND * (B @ tried)
            rows.append(np.concatenate([state, tried, [0.0], ahead, [DISCOUNT]]))
            state = ahead
    table = torch.tensor(np.array(rows))
    parts = table.split([2, 1, 1, 2, 1], dim=1)
    blank = task.blank(0)
    return type(blank)(parts[0], parts[1], parts[2][:, 0], parts[3], parts[4][:, 0])


@pytest.mark.parametrize("name", ["lqr_imitation", "pendulum_imitation"])
def test_the_environments_reward_is_hidden_from_all_players(name: str) -> None:
    """Also from strategies that store rows, take their errors or their scale."""
    strategies = ("prioritised", "target_scaling", "lecam", "target_network", "relativistic")
    what = learner(name, *(build(each, name) for each in strategies))
    key = rng.seed_key(3)
    kept = []
    for shift in (0.0, 5.0):
        state = what.init(key)
        for step in range(4):
            use = rng.fold(key, step)
            blank = what.task.blank(6)
            drawn = (rng.normal(rng.fold(use, i), tuple(x.shape)) for i, x in enumerate(blank))
            seen = type(blank)(*drawn)
            seen = seen._replace(action=seen.action.tanh(), discount=0.9 * seen.discount**0)
            state, _ = what.update(state, seen._replace(reward=seen.reward + shift), key)
        kept.append(state)
    for player in what.task.players:
        one, other = (state.players.params[player] for state in kept)
        assert all(torch.equal(one[leaf], other[leaf]) for leaf in one), player


def test_reward_is_shown_as_many_of_the_experts_rows_and_critic_what_reward_pays() -> None:
    what, key = learner("lqr_imitation"), rng.seed_key(0)
    players = what.init(key).players
    forward = Forward(what.task, what.blueprint, lambda player: ())
    see = forward.seen(players.params, key)
    rows = what.task.blank(5)._replace(obs=rng.normal(key, (5, 2)), action=torch.ones(5, 1))
    reward = what.task.shown("reward", rows, see, key)
    assert reward.reward.tolist() == [0.0] * 5 + [1.0] * 5
    assert torch.equal(reward.action[:5], see("actor", rows.obs))  # intended, not executed
    assert torch.allclose(
        BOUND * reward.action[5:],
        reward.obs[5:] @ torch.tensor(optimal_gain(), dtype=torch.get_default_dtype()).T,
        atol=1e-6,
    )
    critic = what.task.shown("critic", rows, see, key)
    assert torch.equal(critic.reward, see("reward", rows.obs, rows.action))
    assert torch.equal(critic.action, rows.action)


def test_demonstrations_are_the_published_ones_and_worth_what_is_said(tmp_path, monkeypatch):
    rows = pendulum_imitation.demonstrations()
    assert rows.shape == (2000, 4)
    assert np.abs(rows[:, 3]).max() <= 1.0
    angle = np.arctan2(rows[:, 1], rows[:, 0])
    paid = -(angle**2 + 0.1 * rows[:, 2] ** 2 + 0.001 * (2.0 * rows[:, 3]) ** 2)
    assert paid.sum() / 10 == pytest.approx(-184.0, abs=2.0)
    wrong = tmp_path / "demonstrations.npy"
    np.save(wrong, rows + 1.0)
    pendulum_imitation.demonstrations.cache_clear()
    for path, words in ((wrong, "expects"), (tmp_path / "none.npy", "is missing")):
        monkeypatch.setattr(pendulum_imitation, "FILE", path)
        with pytest.raises(pendulum_imitation.WrongDemonstrations, match=words):
            pendulum_imitation.demonstrations()
