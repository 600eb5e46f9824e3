"""The critic is held below the band around the running mean of its loss, the actor above it."""

import pytest
import torch

from bench.experiment import registry
from bench.learner.state import TrainState
from bench.learner.strategy import StartContext
from tests.support.closed_form import build

pytestmark = pytest.mark.usefixtures("float64")


def held(losses: list[float], margin: float, decay: float) -> tuple[bool, bool]:
    """Whether critic and actor are held at the last of these losses."""
    made = build("freeze_learning", "ring8", margin=margin, decay=decay)
    zeros, ones = {"w": torch.zeros(1)}, {"w": torch.ones(1)}
    task, names = registry.task("ring8"), ("actor", "critic")
    old, new = (
        TrainState(dict.fromkeys(names, leaf), dict.fromkeys(names, leaf), torch.tensor(step))
        for step, leaf in enumerate((zeros, ones))
    )
    mine = made.mine(task)
    memory = made.init_memory(StartContext(task, mine, old, torch.tensor(0)))
    for number, loss in enumerate(losses):
        inside = {"old": old, "memory": memory, "losses": {"critic": torch.tensor(loss)}}
        context = type("Context", (), {**inside, "mine": mine})()
        if number == len(losses) - 1:
            players = made.accept(new, context)
            assert players.opts["critic"] == players.critic  # the optimizer is held with its player
            assert players.opts["actor"] == players.actor
            return bool(players.critic["w"] == 0), bool(players.actor["w"] == 0)
        memory = made.update_memory(memory, context)
    raise AssertionError


@pytest.mark.parametrize(
    ("last", "expected"),
    [(1.0, (False, False)), (0.3, (True, False)), (3.0, (False, True)), (1.4, (False, False))],
)
def test_who_is_held(last: float, expected: tuple[bool, bool]) -> None:
    # The mean of five ones and the last loss at decay 0.9 is near one.
    assert held([1.0] * 5 + [last], margin=0.5, decay=0.9) == expected


def test_the_mean_is_unbiased_from_the_start() -> None:
    """At the first update loss and mean are equal: nobody is held, however small the margin."""
    assert held([0.2], margin=1e-9, decay=0.99) == (False, False)


def test_a_negative_loss_has_its_band_too() -> None:
    assert held([-1.0] * 5 + [-1.2], margin=0.5, decay=0.9) == (False, False)
    assert held([-1.0] * 5 + [-3.0], margin=0.5, decay=0.9) == (True, False)
    assert held([-1.0] * 5 + [0.5], margin=0.5, decay=0.9) == (False, True)
