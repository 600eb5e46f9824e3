"""Adversarial imitation of the optimal policy of the linear-quadratic regulator.

The system is that of `lqr`, its cost is hidden, and the expert plays the Riccati gain. Known
answer: the saddle is the expert (Cai et al., 2019, arXiv 1901.03674): the cost ratio is 1, and
`reward`, which cannot tell the two apart, has the loss 2 log 2 = 1.386. This is exact only because
the expert explores with the actor's noise, because the actions that are judged are those intended,
and because the critic can represent the level of what it is paid, by a bias. The score is the cost
ratio: about 4 without any force; 20 and more if the actor drives the spring against its limits.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional.layers import Dense, Net, Quadratic
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player
from bench.learner.task import Array, Episodes, Metric
from bench.tasks.family.imitation import Imitation
from bench.tasks.family.linear import BOUND, A, B, optimal_cost, optimal_gain
from bench.tasks.family.spring import HORIZON, LIMIT, SpringControl

EPISODES = 1000


@functools.cache
def expert(noise: float) -> tuple[Array, Array]:
    """Observations [N, 2] and intended actions [N, 1] of episodes with exploration noise."""
    draws = np.random.default_rng(0)
    gain = optimal_gain() / BOUND
    state = draws.uniform(-1.0, 1.0, (EPISODES, 2))
    observed, acted = [], []
    for _ in range(HORIZON):
        intended = state @ gain.T
        observed.append(state)
        acted.append(intended)
        tried = np.clip(intended + noise * draws.normal(size=intended.shape), -1.0, 1.0)
        state = np.clip(state @ A.T + BOUND * tried @ B.T, -LIMIT, LIMIT)
    return np.concatenate(observed), np.concatenate(acted)


class LqrImitation(Imitation, SpringControl):
    """A linear actor; a logit and a value that are quadratic in the pair, with a bias each."""

    name: ClassVar[str] = "lqr_imitation"
    seconds: ClassVar[float] = 25.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("cost_ratio", "times the optimal cost", "lower"),
        Metric("return", "reward per episode", "higher"),
    )

    def blueprint(self) -> Blueprint:
        """Networks that can represent the expert, any logit at the saddle, and its value."""
        judge = Player(Net((Quadratic(), Dense(1))), Adam(self.lr))
        actor = Player(Net((Dense(1, bias=False),)), Adam(self.lr))
        return Blueprint(actor=actor, critic=judge, reward=judge)

    def demonstrations(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """A thousand of the expert's episodes."""
        obs, action = (torch.as_tensor(part) for part in expert(self.exploration))
        return obs.to(like), action.to(like)

    def judge_episodes(self, episodes: Episodes) -> dict[str, float]:
        """The discounted cost relative to the Riccati optimum, and the return, both hidden."""
        optimum = np.einsum("ni,ij,nj->", episodes.start, optimal_cost(), episodes.start)
        ratio = float(-episodes.discounted.sum() / optimum)
        return {"cost_ratio": ratio, "return": float(episodes.returns.mean())}


task = LqrImitation()
