"""The critic is held below the band around the running mean of its loss, the actor above it.

In a GAN the band is around log 2, for each half by itself.
"""

import math

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import StartContext
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def before_and_after() -> list[TrainState]:
    """All parameters and states of optimizers are 0, then 1."""
    names = ("actor", "critic")
    return [
        TrainState(dict.fromkeys(names, leaf), dict.fromkeys(names, leaf), torch.tensor(step))
        for step, leaf in enumerate(({"w": torch.zeros(1)}, {"w": torch.ones(1)}))
    ]


def held(losses: list[float], margin: float, decay: float) -> tuple[bool, bool]:
    """Whether critic and actor are held at the last of these losses."""
    made = build("freeze_learning", "pendulum", margin=margin, decay=decay)
    task, (old, new) = registry.task("pendulum"), before_and_after()
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


LOW, FAIR, HIGH = (-math.log(math.expm1(loss)) for loss in (0.3, 0.7, 1.1))
"""Logits of data with these losses; log 2 plus or minus half of it is 0.347 to 1.040."""


@pytest.mark.parametrize(
    ("data", "samples", "expected"),
    [
        (FAIR, FAIR, (False, False)),
        (LOW, FAIR, (True, False)),  # its mean loss of 0.5 is within the band
        (FAIR, LOW, (True, False)),
        (LOW, LOW, (True, False)),
        (HIGH, FAIR, (False, True)),
        (FAIR, HIGH, (False, True)),
        (HIGH, HIGH, (False, True)),
        (LOW, HIGH, (False, False)),  # nobody would move ever again
    ],
)
def test_in_a_gan_each_half_has_the_band_around_log_2(
    data: float, samples: float, expected: tuple[bool, bool]
) -> None:
    task, (old, new) = registry.task("ring8"), before_and_after()
    made = build("freeze_learning", "ring8")
    batch = task.blank(8)._replace(reward=torch.tensor([0.0] * 4 + [1.0] * 4))
    q = torch.tensor([-samples] * 4 + [data] * 4)
    forward = type("Forward", (), {"q": staticmethod(lambda player, params, obs, action: q)})()
    inside = {"task": task, "forward": forward, "old": old, "fresh": batch}
    inside |= {"shown": staticmethod(lambda player, players, rows: rows), "memory": None}
    context = type("Context", (), {**inside, "losses": None, "mine": made.mine(task)})()
    players = made.accept(new, context)
    assert (bool(players.critic["w"] == 0), bool(players.actor["w"] == 0)) == expected


def test_in_a_gan_it_is_the_critic_that_judged_the_newest_rows() -> None:
    """A critic that tells all rows at once is held at once, and the actor is not."""
    what = learner("ring8", build("freeze_learning", "ring8"))
    state = what.init(rng.seed_key(0))
    # q = 9 (|x| - 1): the data lie at 2 from the origin, a new actor's samples within 1/2.
    first = torch.zeros(64, 2)
    first[:4] = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    second, last = torch.zeros(64, 64), torch.zeros(1, 64)
    second[0, :4], last[0, 0] = 1.0, 9.0
    made = {"0/weight": first, "2/weight": second, "4/weight": last}
    critic = {k: made.get(k, 0.0 * leaf) for k, leaf in state.players.critic.items()}
    critic["4/bias"] = critic["4/bias"] - 9.0
    state = state._replace(players=state.players.with_params({"critic": critic}))
    start = tmap(lambda leaf: leaf.clone(), state)
    end, _ = what.update(state, what.task.blank(0), rng.seed_key(0))
    assert all(torch.equal(critic[k], end.players.critic[k]) for k in critic)
    moved = start.players.actor
    assert not all(torch.equal(moved[k], end.players.actor[k]) for k in moved)


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
