"""Decoupled: (1 - lr * rate) * params, then the step, as torch's AdamW."""

import numpy as np
import pytest
import torch

from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def test_one_update_of_the_bilinear_game() -> None:
    """psi <- s psi - h theta, theta <- s theta + h psi, s = 1 - h rate."""
    rate = 0.3
    s = 1 - H * rate
    matrix = update_matrix(learner("bilinear", build("weight_decay", "bilinear", rate=rate)))
    assert matrix == pytest.approx(np.array([[s - H**2, H * s], [-H, s]]))


def test_equal_to_torchs_adamw() -> None:
    made = learner("ring8", build("weight_decay", "ring8", rate=0.1)).blueprint.critic.optimizer
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    theirs = torch.optim.AdamW([weight], lr=made.inner.lr, weight_decay=0.1)
    params = {"w": weight.detach().clone()}
    state = made.init(params)
    for number in range(6):
        gradient = torch.tensor([1.0, -0.5 * number, 2.0 - number])
        weight.grad = gradient.clone()
        theirs.step()
        params, state = made.update(params, {"w": gradient}, state)
    assert torch.allclose(params["w"], weight.detach(), rtol=1e-9)
