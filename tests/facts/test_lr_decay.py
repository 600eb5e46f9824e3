"""Steps shrink linearly to nothing: the last ones of a budget move nobody."""

from itertools import pairwise

import pytest
import torch

from bench.experiment import registry
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, run

pytestmark = pytest.mark.usefixtures("float64")


def short(name: str, updates: int, **settings: object) -> Learner:
    task = type("Short", (type(registry.task(name)),), {"updates": updates})()
    return Learner(task, combine([registry.strategy("lr_decay").build(task, settings)]))


@pytest.mark.parametrize("end", [0.0, 0.25])
def test_a_six_line_loop(end: float) -> None:
    """The bilinear game, alternating: step t of 8 is 1 - (1 - end) t / 8 of a whole one."""
    states, _ = run(short("bilinear", 8, end=end), 10)
    theta = float(states[0].players.actor["0/value"])
    psi = float(states[0].players.critic["0/weight"])
    for number, state in enumerate(states[1:]):
        share = max(end, 1 - (1 - end) * number / 8)
        psi -= share * H * theta
        theta += share * H * psi
        assert float(state.players.actor["0/value"]) == pytest.approx(theta, abs=1e-12)
        assert float(state.players.critic["0/weight"]) == pytest.approx(psi, abs=1e-12)


def test_adams_steps_shrink_too() -> None:
    """Adam divides a gradient by its size, so that a smaller gradient would not do."""
    states, _ = run(short("ring8", 4), 5)
    moves = []
    for before, after in pairwise(states):
        pairs = zip(leaves(before.players.critic), leaves(after.players.critic), strict=True)
        moves.append(max(float((a - b).abs().max()) for a, b in pairs))
    assert moves[0] == pytest.approx(1e-3, rel=1e-3)
    assert moves[2] < 0.6e-3
    assert moves[4] == 0.0


def test_the_warm_up_is_not_counted() -> None:
    task = registry.task("inverted_double_pendulum")
    made = build("lr_decay", task.name).optimizers(
        task.blueprint().critic.optimizer, "critic", task
    )
    assert made.total == task.updates - task.warmup
    assert made.lr == task.lr
    params = {"w": torch.ones(2)}
    state = made.init(params)
    assert float(state["steps"]) == 0.0
