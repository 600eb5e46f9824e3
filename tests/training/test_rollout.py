"""What is added up over the episodes of an evaluation, in environments that are written down."""

from typing import ClassVar

import numpy as np
import pytest
import torch

from bench.experiment import registry
from bench.learner.task import Episodes
from bench.tasks.family.control import Control
from bench.training import environments
from bench.training.environments import Transition
from bench.training.rollout import Rollout

ENDS = [(2, True, False), (3, False, True), (1, True, True), (4, False, True)]
"""After how many steps each of four copies ends, and whether by termination or by truncation."""

AFTERWARDS = 1e6
"""The reward of what has ended, as where an environment begins anew by itself."""


class Written:
    """Copies that reward 1, 10, 100 and 1,000 per step, and show how many steps they have done."""

    def reset(self, number: int = 0) -> np.ndarray:
        self.steps = 0
        self.stepped: list[np.ndarray] = []
        return np.zeros((len(ENDS), 1))

    def step(self, action: np.ndarray) -> Transition:
        return self.advance(action, np.ones(len(ENDS), dtype=bool))

    def advance(self, action: np.ndarray, alive: np.ndarray) -> Transition:
        self.steps += 1
        self.stepped.append(action)
        length, terminated, truncated = (np.array(part) for part in zip(*ENDS, strict=True))
        ended = length <= self.steps
        reward = np.where(length < self.steps, AFTERWARDS, 10.0 ** np.arange(len(ENDS)))
        obs = np.full((len(ENDS), 1), float(self.steps))
        return Transition(action, reward, obs, terminated & ended, truncated & ended, obs)

    def close(self) -> None:
        """Nothing is held."""


class Kept(Control):
    """Keeps what it is to judge."""

    name: ClassVar[str] = "kept"
    environment: ClassVar[str] = "Written-v0"
    obs_size: ClassVar[int] = 1
    action_size: ClassVar[int] = 1
    updates: ClassVar[int] = 1
    episodes: ClassVar[int] = 2
    discount: ClassVar[float] = 0.5
    reward_scale: ClassVar[float] = 0.1

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        self.seen = [*getattr(self, "seen", []), episodes]
        return {}


def test_every_episode_counts_to_its_end_and_a_cut_one_has_a_tail(monkeypatch) -> None:
    monkeypatch.setattr(environments, "make", lambda *_: Written())
    task = Kept()
    rollout = Rollout(task, (0, 1), "gymnasium")
    rollout.evaluate(
        lambda obs: torch.zeros(2, 2, 1),
        lambda obs: 0.1 * (7.0 + obs[..., 0]),  # the critic, on the scale of scaled rewards
        0,
        2,
    )
    found = [np.concatenate(part) for part in zip(*task.seen, strict=True)]
    names = dict(zip(Episodes._fields, found, strict=True))
    assert names["returns"] == pytest.approx([2.0, 30.0, 100.0, 4000.0])
    assert names["lengths"] == pytest.approx([2.0, 3.0, 1.0, 4.0])
    # 1 + 1/2, and so on, halved with every step.
    assert names["discounted"] == pytest.approx([1.5, 17.5, 100.0, 1875.0])
    assert names["predicted"] == pytest.approx([7.0] * 4)
    # What the critic says of the last state, where an episode was cut and had not ended.
    assert names["tail"] == pytest.approx([0.0, 10.0 / 8, 0.0, 11.0 / 16])


def test_fewer_episodes_are_the_first_ones_of_each_seed(monkeypatch) -> None:
    """And nothing is stepped beyond their ends: after two steps and one."""
    monkeypatch.setattr(environments, "make", lambda *_: Written())
    task = Kept()
    rollout = Rollout(task, (0, 1), "gymnasium")
    rollout.evaluate(lambda obs: torch.zeros(2, 2, 1), lambda obs: obs[..., 0], 0, 1)
    assert [seed.returns.tolist() for seed in task.seen] == [[2.0], [100.0]]
    assert [seed.lengths.tolist() for seed in task.seen] == [[2.0], [1.0]]
    assert all(len(part) == 1 for seed in task.seen for part in seed)
    assert rollout.evaluation is not None
    assert len(rollout.evaluation.stepped) == 2


def test_few_episodes_are_played_before_the_window() -> None:
    task = registry.task("halfcheetah_small")
    marks = task.eval_updates(task.updates)
    assert [task.episodes_after(mark, task.updates) for mark in marks] == [2] * 8 + [10] * 3
    assert registry.task("pendulum").episodes_after(0, 20_000) == 10


def test_a_step_in_training_gives_scaled_rewards_and_no_discount_after_an_end(monkeypatch) -> None:
    monkeypatch.setattr(environments, "make", lambda *_: Written())
    rollout = Rollout(Kept(), (0, 1), "gymnasium")
    assert rollout.step(torch.zeros(2, 2, 1), 0).reward.flatten().tolist() == pytest.approx(
        [0.1, 1.0, 10.0, 100.0]
    )
    seen = rollout.step(torch.zeros(2, 2, 1), 1)
    assert seen.discount.flatten().tolist() == [0.0, 0.5, 0.0, 0.5]
    assert (seen.obs == 1.0).all()
    assert (seen.next_obs == 2.0).all()


def test_actions_at_a_bound_and_their_spread_are_those_of_each_episode(monkeypatch) -> None:
    """1, -1, 1, ... in both seeds; then 0.5 and 0.99 in turns: half of the steps at a bound."""
    monkeypatch.setattr(environments, "make", lambda *_: Written())
    found = []
    for even, odd in ((1.7, -1.0), (0.5, 0.99)):
        task = Kept()
        Rollout(task, (0, 1), "gymnasium").evaluate(
            lambda obs, even=even, odd=odd: torch.where(obs % 2 == 0, even, odd),
            lambda obs: obs[..., 0],
            0,
            2,
        )
        found.append([np.concatenate(part) for part in list(zip(*task.seen, strict=True))[-2:]])
    (bounded, spread), (half, small) = found
    assert bounded == pytest.approx([1.0] * 4)
    # After 2, 3, 1 and 4 steps; 1 - mean^2 is the variance.
    assert spread == pytest.approx([1.0, np.sqrt(8 / 9), 0.0, 1.0])
    assert half == pytest.approx([1 / 2, 1 / 3, 0.0, 1 / 2])
    assert small == pytest.approx(np.array([1.0, np.sqrt(8 / 9), 0.0, 1.0]) * 0.245)


class Shifted(Kept):
    """Its environment is stepped with actions that are shifted by the number of the update."""

    name: ClassVar[str] = "shifted"

    def actuated(self, action: np.ndarray, update: int) -> np.ndarray:
        return action + update


def test_what_is_actuated_steps_the_environment_and_is_not_learned_from(monkeypatch) -> None:
    monkeypatch.setattr(environments, "make", lambda *_: Written())
    rollout = Rollout(Shifted(), (0, 1), "gymnasium")
    for number in (0, 3):
        action = torch.full((2, 2, 1), 0.25)
        seen = rollout.step(action, number)
        assert torch.equal(seen.action, action)
        assert (rollout.training.stepped[-1] == 0.25 + number).all()
    assert rollout.evaluation is not None
    for number in (0, 7):
        rollout.evaluate(
            lambda obs: torch.full((2, 2, 1), 0.25), lambda obs: obs[..., 0], number, 2
        )
        assert len(rollout.evaluation.stepped) == 4
        assert (np.stack(rollout.evaluation.stepped) == 0.25 + number).all()
