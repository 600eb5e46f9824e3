"""When environments are stepped, by what dynamics, and where evaluations start."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.learner.task import Array, Episodes
from bench.training import environments
from bench.training.rollout import Rollout
from bench.training.train import train
from tests.support.closed_form import evaluated

PENDULUM = registry.task("pendulum")
LIBRARIES = ["gymnasium"] + (["envpool"] if environments.envpool_has("Pendulum-v1") else [])


@pytest.fixture(params=LIBRARIES)
def library(request: Any) -> Any:
    return request.param


def starts(library: Any, seeds: tuple[int, ...], number: int) -> Array:
    rollout = Rollout(PENDULUM, seeds, library)
    found = rollout.start(number).numpy()
    rollout.close()
    return found


def test_evaluations_start_alike_for_all_seeds_and_afresh_each_time(library: Any) -> None:
    few, many = starts(library, (5,), 40), starts(library, (0, 5, 9), 40)
    assert few.shape == (1, PENDULUM.episodes, 3)
    assert all(np.array_equal(seed, few[0]) for seed in many)
    assert len(np.unique(few[0], axis=0)) == PENDULUM.episodes
    other = starts(library, (5,), 41)
    assert not np.isclose(few[0][:, None], other[0][None]).all(axis=2).any()
    # Also where the same environments are seeded again.
    rollout = Rollout(PENDULUM, (5,), library)
    again = [rollout.start(number).numpy() for number in (40, 41, 40)]
    rollout.close()
    assert all(map(np.array_equal, again, (few, other, few)))


def seen_starts(cell: str, seeds: tuple[int, ...], library: Any) -> list[Array]:
    """Where the episodes of each evaluation and seed of a run began."""
    found: list[Array] = []

    def judge_episodes(self: Any, episodes: Episodes) -> dict[str, float]:
        found.append(episodes.start)
        return {"return": 0.0}

    what = evaluated(Cell.parse(cell).learner(), 2, episodes=2, judge_episodes=judge_episodes)
    train(what, seeds, updates=8, library=library)
    return found


def test_neither_strategy_nor_batch_decides_where_evaluations_start(library: Any) -> None:
    """After 0, 4 and 8 updates, of batches that are filled up to four seeds."""
    one = seen_starts("pendulum/bare", (3,), library)
    other = seen_starts("pendulum/reference+layer_norm", (0, 1, 7, 4, 8), library)
    assert (len(one), len(other)) == (3 * 4, 3 * 5)
    for evaluation in range(3):
        here = [*one[4 * evaluation :][:4], *other[5 * evaluation :][:5]]
        assert all(np.array_equal(start, here[0]) for start in here)
    assert len({one[4 * evaluation].tobytes() for evaluation in range(3)}) == 3


def test_the_trainer_steps_only_every_kth_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three updates for each step: it steps before the updates 0, 3 and 6 of eight."""
    when: list[int] = []
    step = Rollout.step

    def noted(self: Rollout, action: torch.Tensor, number: int) -> Any:
        when.append(number)
        return step(self, action, number)

    monkeypatch.setattr(Rollout, "step", noted)
    task = type("Third", (type(PENDULUM),), {"updates_per_step": 3, "warmup": 0})()
    run = train(evaluated(Learner(task, combine([])), 4, episodes=1), [0], updates=8)
    assert when == [0, 3, 6]
    copies = task.steps_per_update
    assert run.steps == [copies * made for made in (0, 1, 2, 2, 3)]
    assert run.steps == [task.steps(mark) for mark in (0, 2, 4, 6, 8)]


def test_a_diverged_seed_is_dated_in_steps() -> None:
    """Non-finite from the first update on, which is the first step's."""

    def critic_loss(self: Any, q: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return q * torch.nan

    own = {"updates_per_step": 3, "warmup": 0, "critic_loss": critic_loss}
    task = type("Third", (type(PENDULUM),), own)()
    run = train(evaluated(Learner(task, combine([])), 1, episodes=1), [0], updates=8)
    assert run.first_bad_step == [task.steps_per_update]


@pytest.mark.parametrize(
    ("copies", "every", "updates", "expected"),
    [(1, 1, 10, 10), (3, 1, 10, 30), (1, 8, 0, 0), (1, 8, 1, 1), (1, 8, 8, 1), (1, 8, 9, 2)],
)
def test_steps_are_those_made_by_then(copies: int, every: int, updates: int, expected: int) -> None:
    own = {"steps_per_update": copies, "updates_per_step": every}
    assert type("Sized", (type(PENDULUM),), own)().steps(updates) == expected


def test_updates_between_two_steps_see_the_same_experience() -> None:
    """With a buffer that keeps all, each transition is there three times, one after the other."""
    own = {"updates_per_step": 3, "warmup": 0, "steps_per_update": 1}
    task = type("Third", (type(PENDULUM),), own)()
    replay = registry.strategy("replay").build(task, {"capacity": 12})
    run = train(evaluated(Learner(task, combine([replay])), 1, episodes=1), [0], updates=12)
    rows = run.state.memories["replay"].rows
    assert rows.obs.shape == (1, 12, 3)
    for part in rows:
        grouped = part[0].reshape(4, 3, -1)
        assert (grouped == grouped[:, :1]).all()
    assert torch.equal(rows.next_obs[0, 0:9:3], rows.obs[0, 3::3])
    assert not torch.equal(rows.obs[0, 0:9:3], rows.obs[0, 3::3])


def test_torques_turn_to_a_right_angle() -> None:
    task = registry.task("reacher_turning")
    action = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, -0.2]], dtype=np.float32)
    assert np.array_equal(task.actuated(action, 0), action)
    half = task.actuated(action, task.updates // 2)
    assert half[:2] == pytest.approx(np.array([[1.0, 1.0], [-1.0, 1.0]]) * math.sqrt(0.5), abs=1e-6)
    for update in (task.updates, 2 * task.updates):
        end = task.actuated(action, update)
        assert end == pytest.approx(np.array([[0.0, 1.0], [-1.0, 0.0], [0.2, 0.6]]), abs=1e-6)
    assert half.dtype == np.float32


def test_dynamics_of_all_others_stay() -> None:
    action = np.ones((3, 2), np.float32)
    moving = [n for n, t in registry.tasks().items() if t.actuated(action, 9) is not action]
    assert moving == ["reacher_turning"]
