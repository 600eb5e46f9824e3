"""The sizes of what is compared with peers, and DDPG by Stable-Baselines3 and by SBX, its JAX port.

Both are in the optional extra `peers` and are used here only; see `jax_twin` for plain JAX.
"""

from __future__ import annotations

import importlib
import time
import warnings
from typing import Any

import numpy as np

from bench.training.train import Metrics, Observer

OBS, ACT, DISCOUNT, TAU, LR, CAPACITY = 3, 1, 0.98, 0.02, 1e-3, 20_000
FIRST = 200
"""Steps in which everything is compiled; the first half of them without updates."""


class Ddpg:
    """One seed on Pendulum-v1: one environment step and one update at a time, on one core.

    Evaluated as we do: so many episodes after `every` steps.
    """

    def __init__(self, library: str, width: int, rows: int, *, every: int, episodes: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import gymnasium
            from stable_baselines3.common.callbacks import EvalCallback
            from stable_baselines3.common.monitor import Monitor
            from stable_baselines3.common.noise import NormalActionNoise

            self._model: Any = importlib.import_module(library).DDPG(
                "MlpPolicy",
                gymnasium.make("Pendulum-v1"),
                learning_rate=LR,
                buffer_size=CAPACITY,
                learning_starts=FIRST // 2,
                batch_size=rows,
                tau=TAU,
                gamma=DISCOUNT,
                train_freq=1,
                gradient_steps=1,
                action_noise=NormalActionNoise(np.zeros(1), 0.1 * np.ones(1)),
                policy_kwargs={"net_arch": [width, width]},
                device="cpu",
            )
            self._judge = EvalCallback(
                Monitor(gymnasium.make("Pendulum-v1")),
                eval_freq=every,
                n_eval_episodes=episodes,
                verbose=0,
            )
        self._first = self._learn(FIRST)
        self._steps, self._seconds = 0, 0.0

    def learn(self, steps: int) -> None:
        """Go on for so many steps, and evaluations where one is due."""
        self._seconds += self._learn(steps, callback=self._judge)
        self._steps += steps

    @property
    def rate(self) -> float:
        """Steps per second, once everything is compiled."""
        return self._steps / self._seconds

    @property
    def compiling(self) -> float:
        """By how many seconds the first steps took longer than others: a lower bound."""
        return max(0.0, self._first - FIRST / self.rate)

    def _learn(self, steps: int, **given: Any) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = time.perf_counter()
            self._model.learn(steps, reset_num_timesteps=False, **given)
            return time.perf_counter() - start


class InTurns(Observer):
    """Has a peer take a share of its steps after each of our evaluations, outside our clock."""

    def __init__(self, peer: Ddpg, steps: int) -> None:
        self.peer, self.steps = peer, steps

    def evaluated(self, step: int, metrics: list[Metrics]) -> None:
        """Not after the first, which comes before any update."""
        if step:
            self.peer.learn(self.steps)
