"""The next action is moved by clipped noise, and nothing else is."""

import pytest
import torch

from bench.functional.rng import seed_key
from bench.learner.problem import CriticQuery, Purpose
from tests.support.closed_form import build

ROWS = 20_000


def moved(purpose: Purpose, action: torch.Tensor, **settings: float) -> torch.Tensor:
    strategy = build("target_smoothing", "pendulum", **settings)
    context = type("Context", (), {"key": seed_key(0)})()
    nothing = torch.zeros(())
    assert strategy.critic_query is not None
    query = CriticQuery(purpose, action, action, nothing, nothing)
    return strategy.critic_query(query, context).action


def test_the_noise_is_normal_and_clipped() -> None:
    noise = moved("target", torch.zeros(ROWS, 1))
    # Standard deviation 0.2, clipped at 2.5 of them: 1.2 % of the draws, which take 1.6 % of it.
    assert float(noise.abs().max()) == pytest.approx(0.5)
    assert float((noise.abs() == 0.5).float().mean()) == pytest.approx(0.0124, abs=0.003)
    assert float(noise.std()) == pytest.approx(0.1969, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.006)  # four standard errors


def test_actions_stay_within_their_bounds() -> None:
    noise = moved("target", torch.full((ROWS, 1), 0.95))
    assert float(noise.max()) == 1.0
    assert float(noise.min()) >= 0.45 - 1e-6


@pytest.mark.parametrize("purpose", ["critic", "actor"])
def test_what_was_done_and_what_is_judged_stay(purpose: Purpose) -> None:
    action = torch.linspace(-1.0, 1.0, 5)[:, None]
    assert torch.equal(moved(purpose, action), action)
