"""SVG(1) on the linear-quadratic regulator: the actor climbs a learned model of one step.

A model predicts next state and reward, linear in (state, action) and their products. The actor's
gradient is that of r + discount * Q(x', mu(x')), through the model into its action (Heess et al.,
2015, arXiv 1510.09142, SVG(1)); here at the state that the model predicts for the present action,
where the paper takes an observed transition and infers its noise. The system is that of `lqr_game`,
and so is the score: the error of the slope that the actor climbs, against the exact one. Known
answer: 0, since model and critic can represent the solution. `critic_slope_error` is that of the
critic's own slope, which `lqr_game` would have its actor climb.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional.layers import Dense, Net, Quadratic
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Domain, Experience, Player, Role, See
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.tasks.family.linear import BOUND, cost_of, optimal_cost
from bench.tasks.family.spring_game import (
    STATES,
    SpringGame,
    critic_action_gradient,
    exact_action_gradient,
    value_matrix,
)


class LqrModel(SpringGame):
    """The actor and the critic of `lqr_game`, with a model between them."""

    name: ClassVar[str] = "lqr_model"
    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("rl", "short")
    players: ClassVar[dict[str, Role]] = {"model": "model", "critic": "critic", "actor": "actor"}
    seconds: ClassVar[float] = 10.0
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("slope_error", "times the first gradient", "lower"),
        Metric("critic_slope_error", "times the first gradient", "lower"),
        Metric("cost_ratio", "times the optimal cost", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=1.0,
        high=1e-5,
        log=True,
        source="a slope of 0 for a policy that does nothing; rounding in float32",
    )

    def blueprint(self) -> Blueprint:
        """A model [x', r] that can represent the system exactly."""
        players = super().blueprint().players
        model = Net((Quadratic(linear=True), Dense(3, bias=False)))
        return Blueprint(**players, model=Player(model, Adam(self.lr)))

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """The squared error of the next state and the reward."""
        told = torch.cat([batch.next_obs, batch.reward[:, None]], dim=1)
        return (see("model", batch.obs, batch.action) - told).square().sum(dim=1)

    def judged(self, see: See, obs: Tensor, action: Tensor) -> Tensor:
        """r + discount * Q(x', mu(x')), with x' and r the model's; mu is taken as given."""
        ahead, reward = see("model", obs, action).split([2, 1], dim=1)
        return reward[:, 0] + self.discount * see("critic", ahead, see("actor", ahead))

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """Errors of both slopes against the policy's exact value; NaN if that is infinite."""
        gain = actions.T.astype(float)  # [1, 2]
        exact, first = value_matrix(gain), value_matrix(np.zeros((1, 2)))
        cost = cost_of(BOUND * gain)
        assert first is not None  # without a force the spring comes to rest
        if exact is None or cost is None:
            return dict.fromkeys((metric.name for metric in self.metrics), float("nan"))

        def climbed(obs: Array, action: Array, *, player: str = "") -> Array:
            told = critic(obs, action, player="model").astype(float)
            ahead, reward = told[:, :2], told[:, 2]
            return reward + self.discount * critic(ahead, ahead @ gain.T)

        own = STATES @ gain.T
        truth = STATES @ exact_action_gradient(exact, gain)
        idle = np.linalg.norm(STATES @ exact_action_gradient(first, np.zeros((1, 2))))
        off = {
            name: float(np.linalg.norm(critic_action_gradient(q, STATES, own) - truth) / idle)
            for name, q in (("slope_error", climbed), ("critic_slope_error", critic))
        }
        return off | {"cost_ratio": float(np.trace(cost) / np.trace(optimal_cost()))}


task = LqrModel()
