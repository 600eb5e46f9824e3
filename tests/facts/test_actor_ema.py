"""The average of a rotation is its centre: averaging solves the bilinear game for the actor."""

import pytest
import torch

from bench.functional.pytree import ravel
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_average_of_all_actors_but_the_initial_one() -> None:
    """sum over i = 1 ... t of decay^(t - i) theta_i, over the sum of these weights."""
    what = learner("ring8", build("actor_ema", "ring8", decay=0.9))
    states, _ = run(what, 4)
    for t in range(1, 5):
        weights = [0.9 ** (t - i) for i in range(1, t + 1)]
        actors = [ravel(state.players.actor) for state in states[1 : t + 1]]
        average = sum(w * actor for w, actor in zip(weights, actors, strict=True)) / sum(weights)
        assert torch.allclose(ravel(what.policy(states[t])), average, atol=1e-12)


def test_before_and_after_the_first_update_it_is_the_actor() -> None:
    what = learner("ring8", build("actor_ema", "ring8", decay=0.9999))
    states, _ = run(what, 1)
    first, second = (ravel(state.players.actor) for state in states)
    assert torch.equal(ravel(what.policy(states[0])), first)
    assert torch.allclose(ravel(what.policy(states[1])), second, atol=1e-15)
    assert (first - second).abs().max() > 1e-4


def test_averaging_finds_the_centre_of_the_bilinear_game() -> None:
    """The orbit has radius about 1 and period 63; an average over 1,000 updates is near 0."""
    what = learner("bilinear", build("actor_ema", "bilinear", decay=0.999))
    states, _ = run(what, 3000)
    orbit = [abs(float(state.players.actor["0/value"])) for state in states[-63:]]
    assert max(orbit) > 0.9
    # A rotation of angular speed w under decay d: amplitude (1 - d) / w = 0.01; without the bias
    # correction the start would add d^3000 = 5 %.
    assert abs(float(what.policy(states[-1])["0/value"])) < 0.02
