"""On the Dirac-GAN the outputs are 0 at the data and psi * theta at the actor's point."""

import math

import pytest

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from tests.support.closed_form import build, critic_loss, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_the_first_two_updates_by_hand() -> None:
    weight, decay = 0.7, 0.9
    made = build("lecam", "dirac", weight=weight, decay=decay)
    (start, middle, _), info = run(learner("dirac", made), 2)
    first, second = (float(state.players.actor["0/value"]) for state in (start, middle))
    psi = float(middle.players.critic["0/weight"])
    means = middle.memories["lecam"]["critic"]
    # The means start at 0; the moved critic judges the sample from which it has learned.
    # They are bias-corrected: after one update the mean is what was seen.
    own = psi * first
    assert float(means.data) == 0.0
    assert float(means.own / means.weight) == pytest.approx(own)
    assert float(means.weight) == pytest.approx(1 - decay)
    q = psi * second
    plain = math.log(1 + math.exp(q)) + math.log(2)
    pulls = (0.0 - own) ** 2 + (q - 0.0) ** 2
    assert float(info.losses["critic"]) == pytest.approx(plain + weight * pulls)


def test_in_rl_the_pull_is_less_by_the_horizon() -> None:
    """In the first update the means are 0: (1 - discount) * weight * (E q(data)^2 + E q(own)^2)."""
    what = learner("pendulum")
    seen = experience(what.task, rng.seed_key(1))
    state = what.init(rng.seed_key(0))
    own = what.act(state.players.actor, seen.obs, rng.seed_key(2))
    pulls = [
        float(what.says(state, "critic", seen.obs, action).square().mean())
        for action in (seen.action, own)
    ]
    made = build("lecam", "pendulum", weight=0.7)
    added = critic_loss("pendulum", made, seen=seen) - critic_loss("pendulum", seen=seen)
    assert added == pytest.approx((1.0 - what.task.discount) * 0.7 * sum(pulls), rel=1e-6)


def test_every_head_is_pulled() -> None:
    """In the first update the means are 0: the sum over both critics of what one would cost."""
    twins = build("twin_critics", "pendulum")
    what = learner("pendulum", twins)
    seen = experience(what.task, rng.seed_key(1))
    state = what.init(rng.seed_key(0))
    own = what.act(state.players.actor, seen.obs, rng.seed_key(2))
    said = (
        what._forward(state).outputs("critic", state.players.critic, seen.obs, action)
        for action in (seen.action, own)
    )
    pulls = sum(float(heads.square().mean(dim=0).sum()) for heads in said)
    made = build("lecam", "pendulum", weight=0.7)
    added = critic_loss("pendulum", twins, made, seen=seen) - critic_loss(
        "pendulum", twins, seen=seen
    )
    assert added == pytest.approx((1.0 - what.task.discount) * 0.7 * pulls, rel=1e-6)
