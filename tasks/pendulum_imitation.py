"""Adversarial imitation on Pendulum-v1: swing up as ten demonstrations do, without a reward.

The demonstrations were made by the reference kit's actor of `pendulum`
(`python -m bench.contribute.demonstrations`): ten episodes with the noise of exploration, what was
observed and what was intended, mean return -184. Known answer: an imitator's return is about the
expert's; a random policy's is about -1,220. The environment's reward is hidden from all players.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional.layers import mlp
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Anchors, Array, Episodes, Metric
from bench.tasks.family.imitation import Imitation
from bench.tasks.family.swing_up import SwingUp

FILE = Path(__file__).parent / "assets" / "pendulum_demonstrations.npy"
SHA256 = "d610db6bb59fb5c31d2422127ea22165a3298eea90301866d582cb79c42179c4"


class WrongDemonstrations(RuntimeError):
    """The demonstrations are missing or are not those that the task was made with."""


@functools.cache
def demonstrations() -> Array:
    """Observations and intended actions [N, 4], float32. Raises `WrongDemonstrations`."""
    if not FILE.is_file():
        raise WrongDemonstrations(f"{FILE} is missing: restore the file that is shipped")
    found = hashlib.sha256(FILE.read_bytes()).hexdigest()
    if found != SHA256:
        raise WrongDemonstrations(
            f"{FILE} has SHA-256 {found[:12]}..., but the task expects {SHA256[:12]}...: restore it"
        )
    return np.load(FILE, allow_pickle=False)


class PendulumImitation(Imitation, SwingUp):
    """The networks of `pendulum`, and a reward of the critic's size."""

    name: ClassVar[str] = "pendulum_imitation"
    reward_scale: ClassVar[float] = 1.0
    seconds: ClassVar[float] = 35.0
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("return", "reward per episode", "higher"),)
    anchors: ClassVar[Anchors] = Anchors(
        low=-1220.0,
        high=-150.0,
        source="as pendulum: uniform actions; DDPG (the demonstrations: -184 +- 35)",
    )

    def blueprint(self) -> Blueprint:
        """Two relu networks of the critic's size, for value and reward."""
        players = super().blueprint().players
        reward = Player(mlp(*self.hidden, 1, activation="relu"), Adam(self.lr))
        return Blueprint(**players, reward=reward)

    def demonstrations(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """All rows of the ten episodes."""
        rows = torch.as_tensor(demonstrations()).to(like)
        return rows[:, : self.obs_size], rows[:, self.obs_size :]

    def sources(self) -> dict[str, str]:
        """The hash of the demonstrations."""
        return {"demonstrations": SHA256}

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """The mean return of the hidden reward."""
        return {"return": float(episodes.returns.mean())}


task = PendulumImitation()
