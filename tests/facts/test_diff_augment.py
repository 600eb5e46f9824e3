"""Rows are transformed as stated, for every purpose, and gradients go through."""

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.problem import CriticQuery, Purpose
from tests.support.closed_form import build

pytestmark = pytest.mark.usefixtures("float64")


def augmented(
    task: str,
    action: torch.Tensor,
    obs: torch.Tensor,
    purpose: Purpose = "critic",
    **settings: float,
) -> CriticQuery:
    context = type("Context", (), {"task": registry.task(task), "key": rng.seed_key(3)})()
    return build("diff_augment", task, **settings).critic_query(
        CriticQuery.without_target(purpose, obs, action), context
    )


def test_one_factor_scales_an_observation_and_leaves_the_action() -> None:
    """A sample has no observation: there the factor is the sample's."""
    obs, action = torch.ones(500, 3), torch.ones(500, 1)
    made = augmented("pendulum", action, obs)
    assert torch.equal(made.action, action)
    plane = augmented("ring8", torch.ones(500, 2), obs[:, :0]).action
    for scaled in (made.obs, plane):
        factor = scaled[:, 0]
        assert torch.equal(scaled, factor[:, None].expand(scaled.shape))
        assert factor.min() >= 0.8
        assert factor.max() < 1.2
        assert float(factor.std()) == pytest.approx(0.4 / 12**0.5, rel=0.1)


@pytest.mark.parametrize(("task", "scales"), [("ring8_conditional", "action"), ("lqr", "obs")])
def test_what_a_sample_is_for_is_left(task: str, scales: str) -> None:
    """In a GAN that is its label, in RL the state is what is looked at."""
    size = registry.task(task).obs_size
    before = CriticQuery.without_target("critic", torch.ones(9, size), torch.ones(9, 2))
    after = augmented(task, before.action, before.obs)
    moved = {part for part in ("obs", "action") if (getattr(after, part) != 1.0).any()}
    assert moved == {scales}


def test_an_image_is_lit_shifted_and_cut() -> None:
    """An 8x8 image of ones has no contrast: all that is left of it is one brightness."""
    made = augmented("digits", torch.ones(400, 64), torch.zeros(400, 0)).action.unflatten(1, (8, 8))
    light = made.flatten(1).amax(dim=1)
    assert light.min() >= 0.5
    assert light.max() < 1.5
    same = (made == light[:, None, None]) | (made == 0)
    assert same.all()
    # A 4x4 square is cut in the middle of the image, at least 2x2 of it at a corner; a shift by one
    # pixel in each direction takes 15 more at most.
    gone = (made == 0).sum(dim=(1, 2))
    assert gone.min() >= 4
    assert gone.max() <= 16 + 15
    assert len(torch.unique((made == 0).flatten(1), dim=0)) > 100


def test_a_share_of_rows() -> None:
    action = torch.ones(4000, 2)
    changed = (augmented("ring8", action, action[:, :0], share=0.25).action != 1).any(dim=1)
    assert float(changed.double().mean()) == pytest.approx(0.25, abs=0.03)


def test_the_actors_gradient_goes_through() -> None:
    def total(action: torch.Tensor) -> torch.Tensor:
        return augmented("digits", action, action[:, :0]).action.sum()

    dq_da = torch.func.grad(total)(torch.zeros(50, 64))
    assert dq_da.isfinite().all()
    assert float((dq_da != 0).double().mean()) > 0.4


def test_in_both_losses_and_each_by_itself() -> None:
    """An augmented critic alone is what the paper warns of: the actor's samples are shown alike."""
    action = torch.ones(50, 2)
    purposes: list[Purpose] = ["critic", "actor", "target"]
    made = [augmented("ring8", action, action[:, :0], purpose).action for purpose in purposes]
    for one in made:
        assert (one != 1).all()
    assert not torch.equal(made[0], made[1])
    assert not torch.equal(made[1], made[2])
