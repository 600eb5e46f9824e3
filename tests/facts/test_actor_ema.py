"""The average of a rotation is its centre: averaging solves the bilinear game for the actor."""

import pytest
import torch

from bench.functional.pytree import ravel
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_average_is_a_six_line_loop() -> None:
    what = learner("ring8", build("actor_ema", "ring8", decay=0.9))
    states, _ = run(what, 4)
    average = ravel(states[0].players.actor)
    for state in states[1:]:
        average = 0.9 * average + 0.1 * ravel(state.players.actor)
    assert torch.allclose(ravel(what.policy(states[-1])), average, atol=1e-12)


def test_averaging_finds_the_centre_of_the_bilinear_game() -> None:
    """The orbit has radius about 1 and period 63; an average over 1,000 updates is near 0."""
    what = learner("bilinear", build("actor_ema", "bilinear", decay=0.999))
    states, _ = run(what, 3000)
    orbit = [abs(float(state.players.actor["0/value"])) for state in states[-63:]]
    assert max(orbit) > 0.9
    # A rotation of angular speed w under decay d: amplitude (1 - d) / w = 0.01, plus d^3000 = 5 %.
    assert abs(float(what.policy(states[-1])["0/value"])) < 0.07
