"""The training state, and the numbers reported of an update."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.problem import Blueprint, Problem


class TrainState(NamedTuple):
    """Both players' parameters and optimizer states, and the number of updates made."""

    actor: Params
    critic: Params
    actor_opt: Any
    critic_opt: Any
    step: Tensor  # int64 scalar


class LearnerState(NamedTuple):
    """Everything that is carried from update to update: both players and all memories."""

    players: TrainState
    memories: dict[str, Any]  # strategy name -> its private memory


class Info(NamedTuple):
    """Scalars that are reported of one update."""

    critic_loss: Tensor
    actor_loss: Tensor
    critic_grad_norm: Tensor
    actor_grad_norm: Tensor


def init_players(blueprint: Blueprint, task: Problem, key: Tensor) -> TrainState:
    """Return both players before their first update, initialised with `key`."""
    actor, critic = blueprint.actor, blueprint.critic
    actor_inputs = task.obs_size + task.noise_size + blueprint.extra_noise
    critic_inputs = task.obs_size + task.action_size
    actor_params, _ = actor.net.init(rng.fold(key, "actor"), (actor_inputs,))
    critic_params, _ = critic.net.init(rng.fold(key, "critic"), (critic_inputs,))
    return TrainState(
        actor=actor_params,
        critic=critic_params,
        actor_opt=actor.optimizer.init(actor_params),
        critic_opt=critic.optimizer.init(critic_params),
        step=torch.zeros_like(key),
    )
