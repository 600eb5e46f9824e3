"""Adam against PyTorch's: twenty steps with the defaults and with others."""

import pytest
import torch

from bench.functional.optim import SGD, Adam


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 1e-3},
        {"lr": 0.1, "beta1": 0.0, "beta2": 0.5},
    ],
)
def test_adam_is_pytorchs(settings: dict[str, float]) -> None:
    ours = Adam(**settings)
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    betas = (ours.beta1, ours.beta2)
    theirs = torch.optim.Adam([weight], lr=ours.lr, betas=betas, eps=ours.eps)
    params = {"w": weight.detach().clone()}
    state = ours.init(params)
    for number in range(20):
        gradient = torch.tensor([1e-3, -0.5 * number, 2.0 - number])
        weight.grad = gradient.clone()
        theirs.step()
        params, state = ours.update(params, {"w": gradient}, state)
        assert torch.allclose(params["w"], weight.detach(), rtol=1e-9, atol=1e-12)


def test_gradient_descent_goes_against_the_gradient() -> None:
    params, _ = SGD(0.1).update({"w": torch.tensor([1.0])}, {"w": torch.tensor([2.0])}, {})
    assert params["w"].item() == pytest.approx(0.8)
