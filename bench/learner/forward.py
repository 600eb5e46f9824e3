"""Forward passes of all players' networks: parameters in, what the player says out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.layers import trunk
from bench.functional.pytree import Params
from bench.learner.problem import Blueprint, CriticQuery, Experience, Half, critic_inputs
from bench.learner.task import Task

Pairs = Experience | CriticQuery | Half


class ForwardContext(NamedTuple):
    """What `forward_params` may read: which forward pass the parameters are for."""

    player: str  # whose parameters these are
    memory: Any  # the strategy's own
    key: Tensor | None  # of this pass; None in an evaluation, where nothing is random


class Change(NamedTuple):
    """What a strategy makes of one player's parameters in a forward pass."""

    name: str  # the strategy's
    memory: Any  # the strategy's own
    call: Callable[[Params, ForwardContext], Params]


@dataclass(frozen=True)
class Forward:
    """The networks of a game, by parameters that strategies change in every pass.

    `key` is of one use, such as an update; without one nothing is random, as in an evaluation.
    """

    task: Task
    blueprint: Blueprint
    changes: Callable[[str], Iterable[Change]]  # a player's name -> the changes, in order
    key: Tensor | None = None

    def params(self, player: str, params: Params, key: Tensor | None = None) -> Params:
        """Return a player's parameters as used in a forward pass with `key`."""
        for change in self.changes(player):
            own = None if key is None else rng.fold(key, change.name)
            params = change.call(params, ForwardContext(player, change.memory, own))
        return params

    def heads(self, player: str, params: Params, pairs: Pairs, beside: Pairs | None) -> Tensor:
        """Return the outputs [B, K] of a critic or a model, by parameters as used in a pass.

        In a joint pass, the rows of `beside` go through the network in the same batch.
        """
        net, rows = self.blueprint.players[player].net, self._joined(player, pairs, beside)
        return net.apply(params, rows)[: pairs.action.shape[0]]

    def outputs(
        self, player: str, params: Params, obs: Tensor, action: Tensor, beside: Pairs | None = None
    ) -> Tensor:
        """Return the outputs [B, K] of a critic or a model."""
        params = self.params(player, params, self._use("judge"))
        return self.heads(player, params, Half(obs, action), beside)

    def q(
        self, player: str, params: Params, obs: Tensor, action: Tensor, beside: Pairs | None = None
    ) -> Tensor:
        """Return the outputs [B] of a critic, its heads reduced."""
        outputs = self.outputs(player, params, obs, action, beside)
        return self.blueprint.players[player].reduce_heads(outputs)

    def features(
        self, player: str, params: Params, obs: Tensor, action: Tensor, beside: Pairs | None = None
    ) -> Tensor:
        """Return the last hidden layer [B, H] of a critic or a model."""
        params = self.params(player, params, self._use("judge"))
        net = trunk(self.blueprint.players[player].net)
        rows = self._joined(player, Half(obs, action), beside)
        return net.apply(params, rows)[: obs.shape[0]].flatten(1)

    def _joined(self, player: str, pairs: Pairs, beside: Pairs | None) -> Tensor:
        """Return inputs [B', O + A]: in a joint pass the rows of `beside` come after the others."""
        rows = critic_inputs(pairs)
        if beside is None or not self.blueprint.players[player].joint:
            return rows
        return torch.cat([rows, critic_inputs(beside)])

    def act(self, params: Params, obs: Tensor, key: Tensor) -> Tensor:
        """Return the actor's actions [B, A] at observations [B, O]; `key` draws input noise."""
        return self.bare_act(self.params("actor", params, self._use("act")), obs, key)

    def mode(self, params: Params, obs: Tensor, key: Tensor) -> Tensor:
        """Return the same with no noise but the task's own: of a policy with more, the mode."""
        more = torch.zeros(obs.shape[0], self.blueprint.actor.extra_noise)
        return self.bare_act(self.params("actor", params, self._use("act")), obs, key, more)

    def bare_act(
        self, params: Params, obs: Tensor, key: Tensor, more: Tensor | None = None
    ) -> Tensor:
        """Return the same by parameters as used in a forward pass; `more` noise than the task's."""
        own, extra = self.task.noise_size, self.blueprint.actor.extra_noise
        if own + extra:
            noise = rng.normal(rng.fold(key, "noise"), (obs.shape[0], own + extra))
            if extra and more is not None:
                noise = torch.cat([noise[:, :own], more], dim=1)
            obs = torch.cat([obs, noise], dim=1)
        return self.blueprint.actor.net.apply(params, obs)

    def seen(self, given: dict[str, Params], key: Tensor, beside: Pairs | None = None) -> Seen:
        """Return what every player says by the parameters `given`; `key` draws input noise.

        A judge with joint batches sees the rows of `beside` too.
        """
        return Seen(self, given, key, beside)

    def _use(self, name: str) -> Tensor | None:
        return None if self.key is None else rng.fold(self.key, name)


@dataclass(frozen=True)
class Seen:
    """`see` of a game (`bench.learner.problem.See`), by given parameters of all players."""

    forward: Forward
    given: dict[str, Params]
    key: Tensor
    beside: Pairs | None = None

    def __call__(
        self, player: str, obs: Tensor, action: Tensor | None = None, *, features: bool = False
    ) -> Tensor:
        """Return a critic's outputs [B], a model's [B, K] or the actor's actions [B, A]."""
        forward, params = self.forward, self.given[player]
        role = forward.task.players[player]
        if role == "actor":
            return forward.act(params, obs, self.key)
        if action is None:
            action = torch.zeros(obs.shape[0], forward.task.action_size)
        if features:
            return forward.features(player, params, obs, action)
        if role == "critic":
            beside = self.beside if player == "critic" else None
            return forward.q(player, params, obs, action, beside)
        return forward.outputs(player, params, obs, action)
