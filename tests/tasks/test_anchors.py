"""The fixed anchors of every task, found again: what untrained and random policies get, what floors
real samples have, what is optimal. Published figures are named in the task, not measured."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.learner.task import Anchors, Critic
from bench.tasks.family.linear import DISCOUNT, A, Q, optimal_cost
from bench.tasks.family.spring import HORIZON

TASKS = registry.tasks()
SAMPLED = [name for name, task in TASKS.items() if task.domain == "gan" and task.tier == "core"]
PLAYED = [
    name
    for name, task in TASKS.items()
    if "rl" in (task.domain, *task.kinds) and isinstance(task.environment, str)
    if task.domain in ("rl", "game") and name != "lqr"
]


ASKED = {"corners100", "digits400"}
"""They also report what their critic knows, which is no part of the score."""


def critic(name: str) -> Critic:
    """One that answers 0 where a task may ask it, and nobody otherwise."""

    def says(obs: Any, action: Any, *, player: str = "critic") -> Any:
        assert name in ASKED, "no score of these tasks asks the critic"
        assert player == "critic"
        return np.zeros(len(action), np.float32)

    return says


@pytest.mark.parametrize("name", [n for n in SAMPLED if n != "stacked_digits"])
def test_untrained_actors_are_the_low_anchor(name: str) -> None:
    task = TASKS[name]
    learner, scores = Learner(task, combine([])), []
    for seed in range(12):
        key = rng.seed_key(seed)
        drawn = learner.eval_action(learner.init(key), torch.zeros(task.samples, 0), key)
        scores.append(task.judge(drawn.numpy(), critic(name))[task.metrics[0].name])
    assert np.mean(scores) == pytest.approx(task.anchors.low, rel=0.1)


def test_one_mode_alone_is_the_low_anchor_of_stacked_digits() -> None:
    task = TASKS["stacked_digits"]
    image = task.real(rng.seed_key(0), 1).expand(task.samples, -1)  # type: ignore[attr-defined]
    assert task.judge(image.numpy(), critic(task.name))["kl"] == pytest.approx(np.log(1000))
    assert task.anchors.low == pytest.approx(np.log(1000), abs=0.05)


@pytest.mark.parametrize("name", SAMPLED)
def test_real_samples_are_the_high_anchor(name: str) -> None:
    task, scores = TASKS[name], []
    # Four hundred digits are learned from, and what is made of them is compared with all.
    source: Any = TASKS["digits"] if name == "digits400" else task
    for seed in range(8):
        real = source.real(rng.seed_key(seed), task.samples)
        scores.append(task.judge(real.numpy(), critic(name))[task.metrics[0].name])
    # The floors are small and skewed: a third of the anchor covers five standard errors.
    assert np.mean(scores) == pytest.approx(task.anchors.high, rel=0.35)


@pytest.mark.parametrize("name", PLAYED)
def test_uniform_actions_are_the_low_anchor(name: str) -> None:
    task = TASKS[name]
    env = gymnasium.make(task.environment)
    space: Any = env.action_space
    draws, returns = np.random.default_rng(0), []
    for episode in range(30 if task.tier == "core" else 10):
        env.reset(seed=episode)
        total, over = 0.0, False
        while not over:
            _, reward, ended, cut, _ = env.step(draws.uniform(space.low, space.high))
            total, over = total + float(reward), ended or cut
        returns.append(total)
    error = np.std(returns, ddof=1) / np.sqrt(len(returns))
    assert abs(np.mean(returns) - task.anchors.low) < 4 * error + 0.02 * abs(task.anchors.low)
    env.close()


def test_no_force_is_the_low_anchor_of_lqr() -> None:
    """Both costs are quadratic forms, so their ratio over uniform starts is one of traces."""
    powers = [np.linalg.matrix_power(A, t) for t in range(HORIZON)]
    idle = sum(DISCOUNT**t * power.T @ Q @ power for t, power in enumerate(powers))
    ratio = np.trace(idle) / np.trace(optimal_cost())
    assert ratio == pytest.approx(TASKS["lqr"].anchors.low, rel=0.01)
    assert TASKS["lqr"].anchors.high == 1.0


def test_a_point_games_start_is_the_low_anchor() -> None:
    """theta = 1 and psi uniform in +-1: the mean of sqrt(1 + psi^2)."""
    mean = np.sqrt(1 + np.linspace(-1, 1, 100_001) ** 2).mean()
    assert TASKS["dirac"].anchors.low == pytest.approx(mean, abs=0.01)


def test_scores_between_the_anchors() -> None:
    line = Anchors(low=-100.0, high=100.0, source="made up")
    assert [line.normalised(x) for x in (-100.0, 0.0, 200.0)] == [0.0, 0.5, 1.5]
    log = Anchors(low=100.0, high=1.0, source="made up", log=True)
    assert [log.normalised(x) for x in (100.0, 10.0, 1.0)] == pytest.approx([0.0, 0.5, 1.0])
    assert log.normalised(0.0) == pytest.approx(2.5)  # as a thousandth of the best anchor
