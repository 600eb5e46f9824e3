"""0 where the transform changes nothing; for a linear critic by hand."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.experiment import registry
from bench.functional import rng
from bench.functional.augment import transformed
from bench.learner.problem import Half, Halves
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def found(task: str, halves: Halves, sees: Callable[..., Tensor], **settings: Any) -> float:
    """The penalty on these halves with a critic of one head."""
    inside = {"halves": lambda self: halves, "heads": lambda self, *half: sees(*half)[:, None]}
    own = {"task": registry.task(task), "key": rng.seed_key(1)}
    context = type("Context", (), {**inside, **own})()
    return float(build("consistency", task, **settings).penalty(context))


def test_closed_form_on_the_dirac_gan() -> None:
    """q(theta + e) - q(theta) = psi e, on either half: four times as much for twice the e."""
    (start, _), plain = run(learner("dirac"), 1)

    def added(**settings: float) -> float:
        _, penalised = run(learner("dirac", build("consistency", "dirac", **settings)), 1)
        return float(penalised.losses["critic"] - plain.losses["critic"])

    once, psi = added(weight=1.0), float(start.players.critic["0/weight"])
    assert 0.0 < once < (0.1 * psi) ** 2 * 2 * 4.0**2  # within four deviations
    assert added(weight=2.0) == pytest.approx(2 * once)
    assert added(weight=1.0, deviation=0.2) == pytest.approx(4 * once)


def test_points_get_noise_of_the_given_deviation() -> None:
    """For a linear critic weight * deviation^2 * norm(slope)^2 on each half."""
    obs, points = torch.zeros(40_000, 0), torch.ones(40_000, 2)
    halves = Halves(data=Half(obs, points), own=Half(obs, points))
    noisy = found("ring8", halves, lambda obs, action: action @ torch.tensor([3.0, 4.0]))
    assert noisy == pytest.approx(2 * 0.1**2 * 25.0, rel=0.02)


def test_images_are_shifted_and_not_changed_otherwise() -> None:
    """What pixels have in common with their right neighbours stays the same, a pixel does not.

    The border is empty, so that nothing is shifted out; a mirrored image, or another colour, would
    change the former.
    """
    images = torch.zeros(200, 8, 8)
    images[:, 1:7, 1:7] = rng.uniform(rng.seed_key(4), (200, 6, 6))
    obs, images = torch.zeros(200, 0), images.flatten(1)
    halves = Halves(data=Half(obs, images), own=Half(obs, images))

    def neighbours(obs: Tensor, action: Tensor) -> Tensor:
        rows = action.reshape(-1, 8, 8)
        return (rows[:, :, :-1] * rows[:, :, 1:].square()).sum(dim=(1, 2))

    assert found("digits", halves, neighbours) < 1e-20
    flipped = images.reshape(-1, 8, 8).flip(2).flatten(1)
    assert (neighbours(obs, images) - neighbours(obs, flipped)).abs().min() > 1e-6
    assert found("digits", halves, lambda obs, action: action[:, 27]) > 0.1


def test_both_halves_and_only_what_is_transformed() -> None:
    """A critic that sees the action alone is consistent where states are scaled."""
    rows = rng.normal(rng.seed_key(3), (50, 3))
    halves = Halves(data=Half(rows[:, :2], rows[:, 2:]), own=Half(rows[:, :2], rows[:, 2:]))
    assert found("pendulum", halves, lambda obs, action: action[:, 0]) == 0.0
    assert found("pendulum", halves, lambda obs, action: obs[:, 0]) > 0.0


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
