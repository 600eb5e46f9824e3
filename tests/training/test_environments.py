"""The host side: seeds, ends of episodes, bounds, and two libraries."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from bench.experiment import registry
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.learner.task import Episodes
from bench.tasks.family.linear import BOUND, DISCOUNT, A, B, Q, R, optimal_cost, optimal_gain
from bench.tasks.family.spring import HORIZON, LqrEnv
from bench.training import environments
from bench.training.train import train

PENDULUM = registry.task("pendulum")
LIBRARIES = ["gymnasium"] + (["envpool"] if environments.envpool_has("Pendulum-v1") else [])


@pytest.fixture(params=LIBRARIES)
def library(request: Any) -> Any:
    return request.param


def test_a_seed_meets_the_same_environments_alone_and_in_a_batch(library: Any) -> None:
    batch = environments.make(PENDULUM, [0, 5, 9], 2, "train", library)
    alone = environments.make(PENDULUM, [5], 2, "train", library)
    assert np.array_equal(batch.reset()[2:4], alone.reset())
    for _ in range(205):  # past the end of the first episode
        one, two = batch.step(np.full((6, 1), 0.3)), alone.step(np.full((2, 1), 0.3))
        assert np.array_equal(one.obs[2:4], two.obs)
        assert np.array_equal(one.reward[2:4], two.reward)


def test_training_and_evaluation_start_elsewhere(library: Any) -> None:
    starts = [
        environments.make(PENDULUM, [0], 4, role, library).reset() for role in ("train", "evaluate")
    ]
    assert not np.isclose(starts[0], starts[1]).all(axis=1).any()


def test_an_episodes_last_observation_is_not_the_next_ones_first(library: Any) -> None:
    """Pendulum is cut after 200 steps: truncated, not terminated, and bootstrapped through."""
    env = environments.make(PENDULUM, [0], 3, "train", library)
    env.reset()
    for step in range(1, 201):
        made = env.step(np.zeros((3, 1)))
        assert not made.terminated.any()
        assert made.truncated.all() == (step == 200)
        if step < 200:
            assert np.array_equal(made.obs, made.next_obs)
    assert not np.isclose(made.obs, made.next_obs).all(axis=1).any()
    following = env.step(np.zeros((3, 1)))
    # One step moves a pendulum's angle by at most 8 * 0.05 rad: it goes on from the new start.
    angle = [np.arctan2(o[:, 1], o[:, 0]) for o in (made.obs, following.next_obs)]
    turn = np.abs((angle[1] - angle[0] + np.pi) % (2 * np.pi) - np.pi)
    assert (turn < 0.41).all()


def test_actions_are_stretched_to_the_bounds_and_nan_is_the_middle(library: Any) -> None:
    """Pendulum's cost holds 0.001 * torque^2 with torque up to 2."""
    rewards = []
    for action in (0.0, 1.0, 7.0, np.nan):
        env = environments.make(PENDULUM, [0], 1, "train", library)
        env.reset()
        rewards.append(float(env.step(np.full((1, 1), action)).reward[0]))
    assert rewards[0] - rewards[1] == pytest.approx(0.004, abs=1e-5)
    assert rewards[2] == pytest.approx(rewards[1])
    assert rewards[3] == pytest.approx(rewards[0])


def test_lqr_is_a_proper_gymnasium_environment() -> None:
    check_env(gymnasium.make("crossover/LQR-v0").unwrapped, skip_render_check=True)


def test_lqrs_dynamics_and_cost() -> None:
    env = LqrEnv()
    start, _ = env.reset(seed=0)
    force = np.array([0.7])
    after, reward, terminated, truncated, _ = env.step(force / BOUND)
    assert after == pytest.approx(A @ start + B @ force)
    assert reward == pytest.approx(-(start @ Q @ start + force @ R @ force))
    assert not terminated
    assert not truncated


def test_the_optimal_policy_scores_one_and_others_more() -> None:
    """The environment's own discounted cost of u = Kx is x'Px, for the task's horizon."""
    task = registry.task("lqr")

    def ratio(gain: np.ndarray) -> float:
        env = environments.make(task, [0], 20, "evaluate", "gymnasium")
        start = state = env.reset()
        cost, weight, ended = np.zeros(20), 1.0, False
        while not ended:
            made = env.step(state @ gain.T / BOUND)
            cost += weight * made.reward
            weight *= task.discount
            state, ended = made.obs, bool(made.truncated.all())
        none = 0 * cost
        lengths = np.full(20, 25.0)
        scores = task.judge_episodes(Episodes(start, cost, cost, none, cost, lengths, none, none))
        return scores["cost_ratio"]

    best = optimal_gain()
    # What is cut off after 25 steps is below 1e-6 of the cost.
    assert ratio(best) == pytest.approx(1.0, abs=1e-6)
    for change in ([[0.3, 0.0]], [[-0.3, 0.0]], [[0.0, 0.3]], [[0.0, -0.3]]):
        assert ratio(best + np.array(change)) > 1.005
    # Doing nothing: the sum over t of discount^t (A^t)'Q A^t, over the same starts.
    powers = [np.linalg.matrix_power(A, t) for t in range(HORIZON)]
    idle = sum(DISCOUNT**t * power.T @ Q @ power for t, power in enumerate(powers))
    start = environments.make(task, [0], 20, "evaluate", "gymnasium").reset()
    costs = [np.einsum("ni,ij,nj->", start, matrix, start) for matrix in (idle, optimal_cost())]
    assert ratio(np.zeros((1, 2))) == pytest.approx(costs[0] / costs[1])


class Constant(gymnasium.Env[np.ndarray, np.ndarray]):
    """Pays -0.1 at each of ten steps, then is cut off or, if `ends`, terminates."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)

    def __init__(self, ends: bool = False) -> None:
        self.ends = ends

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps = 0
        return np.ones(2), {}

    def step(self, action: np.ndarray) -> Any:
        self.steps += 1
        return np.ones(2), -0.1, self.ends and self.steps == 10, False, {}


@pytest.mark.parametrize("ends", [False, True])
def test_a_right_critic_has_no_bias(monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    """What a truncation cuts off counts, what a termination ends does not."""
    name = f"crossover/Constant{int(ends)}-v0"
    gymnasium.register(name, entry_point=Constant, max_episode_steps=10, kwargs={"ends": ends})
    changed = {"environment": name, "discount": 0.9, "reward_scale": 2.0}
    task = type("Small", (type(registry.task("lqr")),), changed)()
    value = -0.1 * (1 - 0.9**10) / (1 - 0.9) if ends else -0.1 / (1 - 0.9)

    def state_value(self: Learner, state: Any, obs: torch.Tensor, key: Any) -> Any:
        return torch.full((len(obs),), 2.0 * value)

    monkeypatch.setattr(Learner, "state_value", state_value)
    (found,) = train(Learner(task, combine([])), [0], updates=0, library="gymnasium").curves[0]
    assert found["critic_bias"] == pytest.approx(0.0, abs=1e-6)
    assert found["critic_error"] == pytest.approx(0.0, abs=1e-6)
    assert found["return"] == pytest.approx(-1.0)
    del gymnasium.registry[name]


@pytest.mark.skipif(not environments.envpool_has("InvertedPendulum-v5"), reason="no envpool")
def test_stepping_the_living_alone_moves_them_as_stepping_all() -> None:
    """Envpool steps some copies by number: the others stand still, and nobody is mixed up."""
    task = registry.task("inverted_pendulum")
    every, some = (environments.make(task, (0, 1), 3, "evaluate", "envpool") for _ in "12")
    assert np.array_equal(every.reset(), some.reset())
    alive = np.array([True, False, True, True, False, True])
    for step in range(4):
        action = 0.02 * (1 + step) * np.linspace(-1.0, 1.0, 6)[:, None]
        expected, found = every.step(action), some.advance(action, alive)
        assert not expected.terminated.any()
        for name in ("obs", "reward", "terminated", "truncated", "next_obs"):
            one, other = getattr(expected, name)[alive], getattr(found, name)[alive]
            np.testing.assert_allclose(other, one, err_msg=name)
    for environment in (every, some):
        environment.close()


@pytest.mark.skipif(not environments.envpool_has("Pendulum-v1"), reason="no envpool")
def test_the_libraries_pendulums_differ_at_the_speed_limit() -> None:
    """Envpool turns the angle by the velocity as it was before the limit: so a task has one."""
    steps = {}
    for library in ("gymnasium", "envpool"):
        env = environments.make(PENDULUM, [0, 1], 10, "train", library)
        obs = env.reset()
        angles = []
        for _ in range(150):
            made = env.step(np.sign(obs[:, 2:]) + 1e-9)  # always faster
            angles.append(np.arctan2(made.obs[:, 1], made.obs[:, 0]) - np.arctan2(*obs.T[[1, 0]]))
            obs = made.obs
        turned = np.abs((np.stack(angles) + np.pi) % (2 * np.pi) - np.pi)
        steps[library] = turned.max() / 0.05
        env.close()
    assert steps["gymnasium"] == pytest.approx(8.0, abs=1e-3)  # the limit, radians per second
    assert steps["envpool"] > 8.1


def test_a_record_names_the_library_that_its_task_declares() -> None:
    for task in registry.tasks().values():
        label = environments.label(task)
        if isinstance(task.environment, str):
            assert label is not None
            assert label.startswith(f"{task.environment} ({task.environment_library} ")
