"""Steps the environments of all seeds, with tensors as inputs and outputs.

Converts between tensors [S, copies, ...] and the environments' NumPy arrays [S * copies, ...].
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.learner.problem import EnvironmentLibrary, Experience
from bench.learner.task import Episodes, Task
from bench.training import environments
from bench.training.environments import Environment

Array = NDArray[Any]
AT_BOUND = 0.99
"""Actions in [-1, 1] count as at a bound from here on."""

EvalAction = Callable[[Tensor], Tensor]
"""observations [S, E, O] -> actions [S, E, A]"""
StateValue = Callable[[Tensor], Tensor]
"""observations [S, E, O] -> the critic's values [S, E] of the evaluated actor's actions"""


class Rollout:
    """Environments for training and, if the task is scored by episodes, for evaluation.

    `obs` [S, copies, O] are the current observations of all training copies. Tensors have the
    default dtype and device at the time of construction.
    """

    def __init__(
        self, task: Task, seeds: tuple[int, ...], library: EnvironmentLibrary | None = None
    ) -> None:
        self.task, self.seeds = task, seeds
        self._device, self._dtype = torch.get_default_device(), _numpy(torch.get_default_dtype())
        self._here = self._device.type == "cpu"
        with torch.device("cpu"):
            self.training = environments.make(task, seeds, task.steps_per_update, "train", library)
        self.obs = self._tensor(self.training.reset())
        self.evaluation: Environment | None = None
        if task.episodes:
            self.evaluation = environments.make(task, seeds, task.episodes, "evaluate", library)

    def step(self, action: Tensor, number: int) -> Experience:
        """Step every training copy with actions [S, copies, A]; return [S, copies, ...].

        `number` is that of the update, on which the task's dynamics may depend.
        """
        before, given = self.obs, self.task.actuated(self._array(action), number)
        # Only where needed: a default device slows down every operation.
        with nullcontext() if self._here else torch.device("cpu"):
            made = self.training.step(given)
        self.obs = self._tensor(made.obs)
        return Experience(
            obs=before,
            action=action if made.action is given else self._tensor(made.action),
            reward=self._tensor(made.reward * self.task.reward_scale),
            next_obs=self.obs if made.next_obs is made.obs else self._tensor(made.next_obs),
            discount=self._tensor(np.where(made.terminated, 0.0, self.task.discount)),
        )

    def start(self, number: int = 0) -> Tensor:
        """Reset the evaluation environments; return first observations [S, episodes, O].

        They depend on `number` alone: common to all seeds, and fresh in every evaluation.
        """
        assert self.evaluation is not None, f"{self.task.name} has neither samples nor episodes"
        return self._tensor(self.evaluation.reset(number))

    def evaluate(
        self, eval_action: EvalAction, state_value: StateValue, number: int, episodes: int
    ) -> list[dict[str, float]]:
        """Run full episodes in the evaluation environments; return metrics for each seed.

        `eval_action` gives the actions, `state_value` the critic's values; `number` is that of the
        updates made, `episodes` how many of each seed's environments are played.
        """
        obs = self.start(number)
        assert self.evaluation is not None
        start, predicted = self._array(obs), self._values(state_value(obs))
        count = len(start)
        returns, discounted, lengths = np.zeros(count), np.zeros(count), np.zeros(count)
        tail, played = np.zeros(count), np.arange(count) % self.task.episodes < episodes
        alive = played.copy()
        total = np.zeros((3, count, self.task.action_size))  # of actions, squares, and at a bound
        weight = 1.0
        while alive.any():
            action = self._array(eval_action(obs)).clip(-1.0, 1.0)
            total[:, alive] += np.stack([action, action**2, np.abs(action) >= AT_BOUND])[:, alive]
            made = self.evaluation.advance(self.task.actuated(action, number), alive)
            rewards = np.where(alive, made.reward, 0.0)
            returns += rewards
            discounted += weight * rewards
            lengths += alive
            weight *= self.task.discount
            cut = alive & made.truncated & ~made.terminated
            if cut.any():
                rest = self._values(state_value(self._tensor(made.next_obs)))
                tail += np.where(cut, weight * rest, 0.0)
            alive &= ~(made.terminated | made.truncated)
            obs = self._tensor(made.obs)
        mean, square, at_bound = total[:, played] / lengths[played, None]
        bounded = at_bound.mean(axis=1)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0)).mean(axis=1)
        whole = (start, returns, discounted, tail, predicted, lengths)
        parts = (*(part[played] for part in whole), bounded, spread)
        split = (np.split(np.asarray(part, dtype=float), len(self.seeds)) for part in parts)
        return [self.task.judge_episodes(Episodes(*seed)) for seed in zip(*split, strict=True)]

    def close(self) -> None:
        """Close both environments."""
        self.training.close()
        if self.evaluation is not None:
            self.evaluation.close()

    def _values(self, values: Tensor) -> Array:
        """Return values on the scale of the environment's rewards."""
        return self._array(values) / self.task.reward_scale

    def _tensor(self, array: Array) -> Tensor:
        shape = (len(self.seeds), len(array) // len(self.seeds), *array.shape[1:])
        tensor = torch.from_numpy(np.ascontiguousarray(array, dtype=self._dtype).reshape(shape))
        return tensor if self._here else tensor.to(self._device)

    @staticmethod
    def _array(tensor: Tensor) -> Array:
        seeds, copies, *rest = tensor.shape
        return tensor.cpu().numpy().reshape(seeds * copies, *rest)


def _numpy(dtype: torch.dtype) -> Any:
    return torch.empty((), dtype=dtype, device="cpu").numpy().dtype
