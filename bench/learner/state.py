"""The training state, and the numbers reported of an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.problem import Blueprint, Problem


class TrainState(NamedTuple):
    """All players' parameters and optimizer states by name, and the number of updates made."""

    params: dict[str, Params]
    opts: dict[str, Any]
    step: Tensor  # int64 scalar

    @property
    def actor(self) -> Params:
        """The actor's parameters."""
        return self.params["actor"]

    @property
    def critic(self) -> Params:
        """The parameters of the actor's judge."""
        return self.params["critic"]

    def with_params(self, params: Mapping[str, Params]) -> TrainState:
        """Return the state with these players' parameters in place of theirs."""
        return self._replace(params={**self.params, **params})

    def with_players(self, other: TrainState, players: tuple[str, ...]) -> TrainState:
        """Return the state with these players as they are in another one, optimizers too."""
        return self._replace(
            params={**self.params, **{name: other.params[name] for name in players}},
            opts={**self.opts, **{name: other.opts[name] for name in players}},
        )


class LearnerState(NamedTuple):
    """Everything that is carried from update to update: all players and all memories."""

    players: TrainState
    memories: dict[str, Any]  # strategy -> its private memory


class Info(NamedTuple):
    """Scalars that are reported of one update, by player in the order of play."""

    losses: dict[str, Tensor]
    grad_norms: dict[str, Tensor]


def init_players(blueprint: Blueprint, task: Problem, key: Tensor) -> TrainState:
    """Return all players before their first update, initialised with `key`."""
    params, opts = {}, {}
    for name in reversed(tuple(task.players)):  # the actor first
        player = blueprint.players[name]
        inputs = task.obs_size + task.action_size
        if task.players[name] == "actor":
            inputs = task.obs_size + task.noise_size + player.extra_noise
        params[name], _ = player.net.init(rng.fold(key, name), (inputs,))
        opts[name] = player.optimizer.init(params[name])
    return TrainState(params, opts, torch.zeros_like(key))
