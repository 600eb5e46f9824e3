"""Contexts: what a strategy's contributions may read beside the value that they transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.forward import Forward
from bench.learner.problem import Experience, Half, Halves, Role, Rules
from bench.learner.state import TrainState
from bench.learner.task import Task


class StartContext(NamedTuple):
    """What `init_memory` may read."""

    task: Task
    mine: tuple[str, ...]  # the players that the strategy acts on
    players: TrainState
    key: Tensor  # the strategy's own


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every contribution to an update may read."""

    task: Task  # the whole game
    mine: tuple[str, ...]  # the players that the strategy acts on, in the order of play
    memory: Any  # the strategy's own
    key: Tensor  # the strategy's own for this update
    forward: Forward  # everybody's networks

    def shown(self, player: str, players: TrainState, rows: Experience) -> Experience:
        """Return what a player is shown of experience, by the others as they are in `players`."""
        see = self.forward.seen(players.params, rng.fold(self.key, "see"))
        return self.task.shown(player, rows, see, rng.fold(self.key, "shown"))

    def halves_of(self, player: str, players: TrainState, shown: Experience) -> Halves:
        """Return both halves of what a player is shown, by the actor of `players`."""
        act = partial(self.forward.act, players.actor)
        return self.task.rules(player).halves(shown, act, rng.fold(self.key, "halves"))


@dataclass(frozen=True, kw_only=True)
class LossContext(Context):
    """What a contribution to one player's loss or gradient may read."""

    players: TrainState  # the parameters at which the value is computed
    player: str  # whose loss or gradient this is
    rows: Experience  # the whole game's batch
    batch: Experience  # the same as it is shown to that player; the whole game's for `batch`

    @property
    def role(self) -> Role:
        """The player's role."""
        return self.task.players[self.player]

    @property
    def rules(self) -> Rules:
        """By what the player plays: losses, value, discount, halves."""
        return self.task.rules(self.player)

    @property
    def critic(self) -> str:
        """The critic that the loss is about: the player itself, or the actor's judge."""
        return self.player if self.role == "critic" else "critic"

    @property
    def beside(self) -> Experience | None:
        """What a critic with joint batches sees beside what it is asked: its own batch."""
        if not self.forward.blueprint.players[self.critic].joint:
            return None
        if self.player == self.critic:
            return self.batch
        return self.shown(self.critic, self.players, self.rows)

    def q(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return the critic's outputs [B] for actions [B, A] at observations [B, O]."""
        params = self.players.params[self.critic]
        return self.forward.q(self.critic, params, obs, action, self.beside)

    def heads(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return the outputs [B, K] of all its heads."""
        params = self.players.params[self.critic]
        return self.forward.outputs(self.critic, params, obs, action, self.beside)

    def features(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return the critic's last hidden layer [B, H]."""
        params = self.players.params[self.critic]
        return self.forward.features(self.critic, params, obs, action, self.beside)

    def act(self, obs: Tensor, key: Tensor) -> Tensor:
        """Return the actor's actions [B, A] at observations [B, O]; `key` draws input noise."""
        return self.forward.act(self.players.actor, obs, key)

    def judged(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return what the actor climbs [B], by all players as they are here."""
        key = rng.fold(self.key, "see")
        see = self.forward.seen(self.players.params, key, self.beside)
        return self.task.judged(see, obs, action)

    def halves(self) -> Halves:
        """Return the data half and the actor's half of the batch, as the critic is shown them."""
        if self.player == self.critic:
            return self.halves_of(self.player, self.players, self.batch)
        return self.halves_of(
            self.critic, self.players, self.shown(self.critic, self.players, self.rows)
        )

    def slope(self, at: Half) -> Tensor:
        """Return the slope dq/da of every head of the critic [K, B, A], so that none escapes.

        In (obs, action), [K, B, O + A], if it judges pairs (task attribute `judges_pairs`). Where
        it judges packs of m rows, each pack counts once, as one row of m actions; the last one is
        filled up with the first rows, as in its network.
        """
        player = self.forward.blueprint.players[self.critic]
        rows = at.action.shape[0]
        if rows % player.pack:
            count = -(-rows // player.pack) * player.pack
            whole = torch.arange(count, device=at.action.device) % rows
            at = Half(at.obs[whole], at.action[whole])

        def answers(*inputs: Tensor) -> Tensor:
            obs, action = (at.obs, inputs[0]) if len(inputs) == 1 else (inputs[0], inputs[1])
            return self.heads(obs, action).sum(dim=0) / player.pack

        inputs = tuple(at) if self.task.rules(self.critic).judges_pairs else (at.action,)
        heads, slopes = torch.func.vjp(answers, *inputs)[:2]
        each = torch.stack([torch.cat(slopes(one), 1) for one in torch.eye(len(heads))])
        return each.unflatten(1, (-1, player.pack)).flatten(2)


@dataclass(frozen=True, kw_only=True)
class PostUpdateContext(Context):
    """What `accept` and `update_memory` may read once all players have moved."""

    old: TrainState
    # For `accept` what the integrator returned, for `update_memory` what was accepted.
    new: TrainState
    fresh: Experience  # produced by the old actor, by the rules of the whole game
    losses: dict[str, Tensor]  # by player, of this update
    init: Callable[[Tensor], TrainState]  # key -> newly initialised networks and optimizers

    def q(self, player: str, obs: Tensor, action: Tensor) -> Tensor:
        """Return the outputs [B] of a critic as it is now."""
        joint = self.forward.blueprint.players[player].joint
        beside = self.shown(player, self.new, self.fresh) if joint else None
        return self.forward.q(player, self.new.params[player], obs, action, beside)

    def act(self, obs: Tensor, key: Tensor) -> Tensor:
        """Return the actions [B, A] of the actor as it is now."""
        return self.forward.act(self.new.actor, obs, key)
