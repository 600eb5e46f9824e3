"""1 and 0 become 0.9 and 0.1; in RL the mean target stays where it is."""

import pytest
import torch

from bench.experiment import registry
from bench.learner.problem import CriticQuery, Purpose
from tests.support.closed_form import build, learner, run


def smoothed(
    target: list[float], uninformed: float, task: str = "ring8", **settings: object
) -> torch.Tensor:
    strategy = build("label_smoothing", task, **settings)
    context = type("Context", (), {"player": "critic", "rules": registry.task(task)})()
    empty = torch.zeros(len(target), 0)
    query = CriticQuery("critic", empty, empty, torch.tensor(target), torch.tensor(uninformed))
    assert strategy.critic_query is not None
    return strategy.critic_query(query, context).target


def test_the_papers_targets() -> None:
    """By default one-sided, as it recommends."""
    both = smoothed([1.0, 0.0], 0.5, one_sided=False)
    assert torch.allclose(both, torch.tensor([0.9, 0.1]))
    for settings in ({}, {"one_sided": True}):
        one_sided = smoothed([1.0, 0.0], 0.5, **settings)
        assert torch.allclose(one_sided, torch.tensor([0.9, 0.0]))


def test_the_mean_target_is_kept() -> None:
    target = [3.0, -1.0, 4.0]
    made = smoothed(target, 2.0, eps=0.5, one_sided=False)
    assert torch.allclose(made, torch.tensor([2.5, 0.5, 3.0]))


def test_over_a_horizon_it_comes_to_eps() -> None:
    """Two states that return to themselves, with rewards of 1 and -1: V <- smoothed(r + d V).

    A deviation from the mean ends at (1 - w) / (1 - d (1 - w)) of the reward's, w = eps (1 - d).
    """
    eps, discount = 0.2, registry.task("pendulum").discount
    reward, values = torch.tensor([1.0, -1.0]), torch.zeros(2)
    for _ in range(3000):
        target = reward + discount * values
        values = smoothed(target.tolist(), float(target.mean()), "pendulum", eps=eps)
    weight = eps * (1.0 - discount)
    found, whole = float(values[0]), 1.0 / (1.0 - discount)
    assert found == pytest.approx((1 - weight) / (1 - discount * (1 - weight)), rel=1e-4)
    assert (1.0 - eps) * whole < found < whole
    assert float(values[1]) == pytest.approx(-found, rel=1e-4)


def test_the_loss_on_the_dirac_gan() -> None:
    """At theta = 1: 0.9 softplus(psi) + 0.1 softplus(-psi) + log 2."""
    task = learner("dirac", build("label_smoothing", "dirac"))
    states, info = run(task, 1)
    psi = states[0].players.critic["0/weight"].squeeze()
    softplus = torch.nn.functional.softplus
    wanted = 0.9 * softplus(psi) + 0.1 * softplus(-psi) + torch.log(torch.tensor(2.0))
    assert torch.allclose(info.losses["critic"], wanted)


def test_questions_without_answers_are_left_alone() -> None:
    rows = torch.zeros(2, 2)
    purposes: tuple[Purpose, ...] = ("actor", "target")
    for purpose in purposes:
        query = CriticQuery.without_target(purpose, rows, rows)
        assert build("label_smoothing", "ring8").critic_query(query, None) is query
