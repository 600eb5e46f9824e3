"""0 where the transform changes nothing; for a linear critic by hand."""

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.functional.augment import transformed
from bench.learner.problem import Half, Halves
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_closed_form_on_the_dirac_gan() -> None:
    """q(s theta) - q(theta) = (s - 1) psi theta, s the drawn factor; the data are at 0."""
    made = build("consistency", "dirac", weight=2.0)
    (start, _), plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", made), 1)
    theta, psi = float(start.players.actor["0/value"]), float(start.players.critic["0/weight"])
    added = float(penalised.losses["critic"] - plain.losses["critic"])
    factor = (added / 2.0) ** 0.5 / abs(psi * theta)
    assert 0.0 < factor < 0.2  # |s - 1|
    _, double = run(learner("dirac", build("consistency", "dirac", weight=4.0)), 1)
    assert float(double.losses["critic"] - plain.losses["critic"]) == pytest.approx(2 * added)


def test_both_halves_and_only_what_is_transformed() -> None:
    """A critic that sees the action alone is consistent where states are scaled."""
    rows = rng.normal(rng.seed_key(3), (50, 3))
    halves = Halves(data=Half(rows[:, :2], rows[:, 2:]), own=Half(rows[:, :2], rows[:, 2:]))
    for sees, zero in (
        (lambda obs, action: action[:, 0], True),
        (lambda obs, action: obs[:, 0], False),
    ):
        inside = {
            "halves": lambda self: halves,
            "heads": lambda self, *half, sees=sees: sees(*half)[:, None],
        }
        own = {"task": registry.task("pendulum"), "key": rng.seed_key(1)}
        context = type("Context", (), {**inside, **own})()
        found = build("consistency", "pendulum").penalty(context)
        assert (float(found) == 0.0) == zero


def test_the_transform_scales_states_or_samples() -> None:
    key, rows = rng.seed_key(2), torch.ones(4000, 2)
    obs, action = transformed(rows, rows, key, images=None, states=True)
    assert torch.equal(action, rows)
    assert torch.equal(obs[:, 0], obs[:, 1])
    assert 0.8 <= float(obs.min()) < 0.81
    assert 1.19 < float(obs.max()) < 1.2
    nothing, sample = transformed(rows[:, :0], rows, key, images=None, states=False)
    assert nothing.shape == (4000, 0)
    assert torch.equal(sample, obs)
