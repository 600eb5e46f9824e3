"""The actor moves at every k-th update, together with its optimizer; the critic at every one."""

import numpy as np
import pytest
import torch

from bench.functional.pytree import leaves
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, run, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def moved(one: object, other: object) -> bool:
    return not all(map(torch.equal, leaves(one), leaves(other)))


@pytest.mark.parametrize("every", [2, 3])
@pytest.mark.parametrize("task", ["ring8", "dirac"])
def test_who_moves_when(task: str, every: int) -> None:
    states, _ = run(learner(task, build("critic_steps", task, every=every)), 7)
    for number in range(1, 8):
        before, context = states[number - 1].players, states[number].players
        assert moved(before.critic, context.critic)
        turn = number % every == 0
        assert moved(before.actor, context.actor) == turn
        if leaves(context.opts["actor"]):
            assert moved(before.opts["actor"], context.opts["actor"]) == turn


def test_two_updates_of_the_bilinear_game() -> None:
    """Two critic moves psi -= h theta, then theta += h psi against the second one."""
    matrix = update_matrix(learner("bilinear", build("critic_steps", "bilinear", every=2)), 2)
    assert matrix == pytest.approx(np.array([[1 - 2 * H**2, H], [-2 * H, 1]]))


def test_wgan_makes_five_and_td3_two() -> None:
    for task, every in (("ring8", 5), ("pendulum", 2)):
        strategy = build("critic_steps", task)
        assert _moves(strategy, every) == [False] * (every - 1) + [True]


def _moves(strategy: object, every: int) -> list[bool]:
    """Whether the new actor is kept at each of the first updates."""
    from bench.learner.state import TrainState

    def state(value: float, step: int) -> TrainState:
        params = {player: {"a": torch.full((1,), value)} for player in ("actor", "critic")}
        return TrainState(params, {"actor": {}, "critic": {}}, torch.tensor(step))

    found = []
    for step in range(1, every + 1):
        context = type("After", (), {"old": state(0.0, step - 1), "mine": ("actor",)})()
        players = strategy.accept(state(1.0, step), context)  # type: ignore[attr-defined]
        assert players.critic["a"] == 1.0
        found.append(bool(players.actor["a"] == 1.0))
    return found
