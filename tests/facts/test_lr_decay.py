"""Steps shrink linearly to nothing: the last ones of a budget move nobody."""

from itertools import pairwise

import pytest
import torch

from bench.experiment import registry
from bench.functional.pytree import leaves
from bench.learner.learner import Learner
from bench.learner.state import TrainState
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


@pytest.mark.parametrize("other", ["extragradient", "critic_steps", "resets", "target_scaling"])
def test_updates_are_counted_and_not_the_steps_of_an_optimizer(other: str) -> None:
    """Two steps in an update, one in several updates, or none yet: the share is that of time."""
    task = type("Short", (type(registry.task("ring8")),), {"updates": 10})()
    made = [registry.strategy(name).build(task) for name in ("lr_decay", other)]
    states, _ = run(Learner(task, combine(made)), 10)
    for number, state in enumerate(states):
        for player in ("actor", "critic"):
            opt = state.players.opts[player]
            share = opt["share"] if "share" in opt else opt["inner"]["share"]
            assert float(share) == pytest.approx(1.0 - number / 10)


def test_the_warm_up_is_not_counted() -> None:
    task = registry.task("inverted_double_pendulum")
    made = build("lr_decay", task.name)
    players = {"critic": {"share": torch.ones(())}}
    for step, share in ((500, 1.0), (1_000, 1.0), (8_000, 0.5), (15_000, 0.0)):
        new = TrainState(params={}, opts=players, step=torch.tensor(step))
        context = type("Context", (), {"task": task, "mine": ("critic",)})()
        assert float(made.accept(new, context).opts["critic"]["share"]) == pytest.approx(share)
