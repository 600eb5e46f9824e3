"""Environments on the CPU: copies for all seeds in one vector environment, by two libraries.

Gymnasium has every environment; envpool steps many of them faster, some of them differently: its
Pendulum integrates the velocity as it was before it is clipped. So each task declares which library
steps its environment. Each training copy is seeded from its run's seed alone, so that a seed has
the same environments alone and in any batch of seeds. Evaluations start in the same states for all
seeds, so that a start decides nothing, and in fresh ones each time.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from bench.functional import rng
from bench.learner.problem import EnvironmentLibrary
from bench.learner.task import Task

Array = NDArray[Any]
Numbers = Callable[[int], list[int]]
"""number of an evaluation -> a seed for every copy"""


class Transition(NamedTuple):
    """One step of N copies of an environment."""

    action: Array  # [N, A] as executed: the given one unless the environment overrode it
    reward: Array  # [N]
    next_obs: Array  # [N, O] the next observation, also at an episode's end
    terminated: Array  # [N]
    truncated: Array  # [N]
    obs: Array  # [N, O] where the next step starts: `next_obs`, or a new episode's first one


class Environment(Protocol):
    """N copies, stepped together; actions in [-1, 1] are rescaled to the environment's bounds."""

    def reset(self, number: int = 0) -> Array:
        """Seed all copies again and return their first observations [N, O].

        Evaluation environments are seeded by `number`.
        """
        ...

    def step(self, action: Array) -> Transition:
        """Step all copies with actions [N, A]; copies whose episode ends are reset."""
        ...

    def advance(self, action: Array, alive: Array) -> Transition:
        """Step the copies that are `alive` [N]; other rows of the result are undefined.

        Where stepping fewer copies is faster, ended ones are not stepped until the next `reset`.
        """
        ...

    def close(self) -> None:
        """Release the environment's resources."""
        ...


def copy_seeds(seeds: Sequence[int], copies: int, role: str) -> list[int]:
    """Return a 31-bit seed for every copy [seeds * copies], different for each `role`."""
    keys = (rng.fold(rng.seed_key(seed), f"environment/{role}") for seed in seeds)
    return [int(rng.fold(key, copy)) % 2**31 for key in keys for copy in range(copies)]


def make(
    task: Task,
    seeds: Sequence[int],
    copies: int,
    role: str,
    library: EnvironmentLibrary | None = None,
) -> Environment:
    """Create the task's environment with `copies` copies for each seed, in seed-major order.

    `role` is "train" or "evaluate"; `library` is in place of the task's own choice. Tasks with an
    environment of their own give it the seeds only.
    """
    if callable(task.environment):
        return _Gymnasium(task.environment(seeds), seeds=None)

    def numbers(number: int) -> list[int]:
        if role == "train":
            return copy_seeds(seeds, copies, role)
        return copy_seeds([number], copies, role) * len(seeds)

    if (library or task.environment_library) == "envpool":
        return _Envpool(task.environment, numbers)
    thunk = lambda: gymnasium.make(task.environment, disable_env_checker=True)  # noqa: E731
    vector = SyncVectorEnv([thunk] * copies * len(seeds), autoreset_mode=AutoresetMode.SAME_STEP)
    return _Gymnasium(vector, seeds=numbers)


def label(task: Task) -> str | None:
    """Return the environment's id with library and version; None for tasks without one."""
    if task.environment is None:
        return None
    if callable(task.environment):
        return task.name
    library = task.environment_library
    return f"{task.environment} ({library} {version(library)})"


def envpool_has(environment: str) -> bool:
    """Return whether envpool is installed and has this environment."""
    if importlib.util.find_spec("envpool") is None:
        return False
    import envpool

    return environment in envpool.list_all_envs()


def stretch(action: Array, low: Array, high: Array) -> Array:
    """Rescale actions from [-1, 1] to [low, high], clipped; NaN becomes the middle.

    NaN comes from diverged actors, and would make some environments crash.
    """
    middle = action.clip(-1.0, 1.0)
    lost = np.isnan(middle)
    if lost.any():
        middle[lost] = 0.0
    return (low + 0.5 * (middle + 1.0) * (high - low)).astype(low.dtype)


class _Gymnasium:
    """Gymnasium's vector environments, reset in the step in which an episode ends."""

    def __init__(self, vector: Any, seeds: Numbers | None) -> None:
        self._vector, self._seeds = vector, seeds
        space = vector.single_action_space
        self._bounds = (space.low, space.high) if np.isfinite(space.low).all() else None

    def reset(self, number: int = 0) -> Array:
        obs, _ = self._vector.reset(seed=self._seeds and self._seeds(number))
        return obs

    def step(self, action: Array) -> Transition:
        done = action if self._bounds is None else stretch(action, *self._bounds)
        obs, reward, terminated, truncated, info = self._vector.step(done)
        next_obs = obs
        ended = terminated | truncated
        if ended.any() and "final_obs" in info:
            next_obs = obs.copy()
            next_obs[ended] = np.stack(list(info["final_obs"][ended]))
        executed = info.get("executed", action)
        return Transition(executed, reward, next_obs, terminated, truncated, obs)

    def advance(self, action: Array, alive: Array) -> Transition:
        return self.step(action)

    def close(self) -> None:
        self._vector.close()


class _Envpool:
    """Envpool's environments, reset by index in the step in which an episode ends."""

    def __init__(self, name: str, seeds: Numbers) -> None:
        self._name, self._seeds = name, seeds
        self._pool: Any = None

    def reset(self, number: int = 0) -> Array:
        import envpool

        self.close()
        seeds = self._seeds(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its spaces are declared in float64
            self._pool = envpool.make(
                self._name,
                env_type="gymnasium",
                num_envs=len(seeds),
                seed=seeds,
                num_threads=1,
            )
            space = self._pool.action_space
            obs, _ = self._pool.reset()
        self._bounds = (space.low, space.high)
        return obs

    def step(self, action: Array) -> Transition:
        obs, reward, terminated, truncated, _ = self._pool.step(stretch(action, *self._bounds))
        next_obs = obs
        ended = np.flatnonzero(terminated | truncated)
        if len(ended):
            obs = obs.copy()
            obs[ended] = self._pool.reset(ended)[0]
        return Transition(action, reward, next_obs, terminated, truncated, obs)

    def advance(self, action: Array, alive: Array) -> Transition:
        if alive.all():
            made = self._pool.step(stretch(action, *self._bounds))[:4]
            obs, reward, terminated, truncated = made
            return Transition(action, reward, obs, terminated, truncated, obs)
        numbers = np.flatnonzero(alive)
        living = stretch(action[numbers], *self._bounds)
        made = self._pool.step(living, numbers)[:4]
        obs, reward, terminated, truncated = (_spread(part, numbers, len(alive)) for part in made)
        return Transition(action, reward, obs, terminated, truncated, obs)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _spread(some: Array, numbers: Array, count: int) -> Array:
    """Return rows [count, ...] with `some` at these indices and zeros elsewhere."""
    rows = np.zeros((count, *some.shape[1:]), dtype=some.dtype)
    rows[numbers] = some
    return rows
