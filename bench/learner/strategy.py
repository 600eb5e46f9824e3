"""A strategy is a frozen set of contributions to the named values of one update.

    blueprint, optimizers -> fresh -> batch -> target_params -> forward_params
        -> critic_query (+ penalty) -> grads -> integrator -> accept, and `policy` to evaluate

A contribution is a pure function of the value and of a context that says what else it may read. The
laws:

- A combination is a set: the order in which strategies are given never matters.
- *Chain* values (`CHAINS`) are transformed by one strategy after the other. Two strategies on the
  same one must say which comes first (`after`) or that they cannot be combined (`excludes`).
- *Sum* values (penalty) are added up.
- *Single* values (`SINGLES`) have at most one owner.
- Memory is private: `init_memory` creates it, `update_memory` returns the next one, and no other
  strategy sees it. `update_memory` alone may write it in place, because a replay buffer is too
  large to copy at every update. The state passed to `update` is then used up, as with a donated
  buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.optim import Optimizer
from bench.functional.pytree import Params
from bench.learner.problem import Blueprint, CriticQuery, Experience, Halves
from bench.learner.task import Task

if TYPE_CHECKING:
    from bench.learner.integrators import Integrator
    from bench.learner.state import TrainState

CHAINS = (
    *("blueprint", "optimizers", "batch", "target_params", "forward_params"),
    *("critic_query", "grads", "accept"),
)
SINGLES = ("integrator", "policy")


class TargetParams(NamedTuple):
    """The parameters that each loss takes as given, those of the other networks in it."""

    target_actor: Params  # chooses the next action in the TD target
    target_critic: Params  # values that action
    critic: Params  # evaluates the actor's actions in the actor's loss


class ForwardContext(NamedTuple):
    """What `forward_params` may read: which forward pass the parameters are for."""

    player: str  # "actor" or "critic"
    memory: Any  # the strategy's own
    key: Tensor | None  # of this pass; None in an evaluation, where nothing is random


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every contribution to an update may read."""

    task: Task
    memory: Any  # the strategy's own
    key: Tensor  # the strategy's own for this update
    q: Callable[[Params, Tensor, Tensor], Tensor]  # (critic, obs, action) -> outputs [B]
    features: Callable[[Params, Tensor, Tensor], Tensor]  # the same -> its last hidden layer [B, H]
    act: Callable[[Params, Tensor, Tensor], Tensor]  # (actor, obs, key) -> actions [B, A]

    def halves(self, players: TrainState, batch: Experience) -> Halves:
        """Return the data half of a batch, and the half that the actor of `players` produces."""
        key = rng.fold(self.key, "halves")
        return self.task.halves(batch, partial(self.act, players.actor), key)

    def dq_da(self, critic: Params, obs: Tensor, action: Tensor) -> Tensor:
        """Return the action gradient dq/da [B, A] of a critic at actions [B, A]."""
        return torch.func.grad(lambda a: self.q(critic, obs, a).sum())(action)


@dataclass(frozen=True, kw_only=True)
class LossContext(Context):
    """What a contribution to one player's loss or gradient may read."""

    players: TrainState  # the parameters at which the value is computed
    player: str  # "actor" or "critic": whose loss or gradient this is
    batch: Experience


@dataclass(frozen=True, kw_only=True)
class PostUpdateContext(Context):
    """What `accept` and `update_memory` may read once both players have moved."""

    old: TrainState
    # For `accept` what the integrator returned, for `update_memory` what was accepted.
    new: TrainState
    fresh: Experience  # produced by the old actor
    losses: dict[str, Tensor]  # by player, of this update
    init: Callable[[Tensor], TrainState]  # key -> newly initialised networks and optimizers


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One technique. Every contribution is optional; see the module's docstring for the laws.

    Shapes are those of `bench.learner.problem`; `Any` stands for the strategy's own memory.
    """

    name: str
    blueprint: Callable[[Blueprint, Task], Blueprint] | None = None
    optimizers: Callable[[Optimizer, str, Task], Optimizer] | None = None  # of one player
    batch: Callable[[Experience, LossContext], Experience] | None = None
    target_params: Callable[[TargetParams, LossContext], TargetParams] | None = None
    forward_params: Callable[[Params, ForwardContext], Params] | None = None
    critic_query: Callable[[CriticQuery, LossContext], CriticQuery] | None = None
    penalty: Callable[[LossContext], Tensor | float] | None = None
    grads: Callable[[Params, LossContext], Params] | None = None
    integrator: Integrator | None = None
    accept: Callable[[TrainState, PostUpdateContext], TrainState] | None = None
    policy: Callable[[Params, Any], Params] | None = None  # (actor, memory) -> actor to evaluate
    init_memory: Callable[[TrainState, Task, Tensor], Any] | None = None  # the last is a key
    update_memory: Callable[[Any, PostUpdateContext], Any] | None = None
    after: tuple[str, ...] = ()
    excludes: Mapping[str, str] = field(default_factory=dict)  # name -> why, and what to do
    inert: Callable[[Task], str | None] = field(default=lambda task: None)


class Conflict(ValueError):
    """Two strategies that cannot be combined; the message names both, and says what to do."""


class Part(NamedTuple):
    """One strategy's contribution to one value."""

    name: str  # the strategy's
    call: Callable[..., Any]


@dataclass(frozen=True)
class Plan:
    """A valid combination of strategies: for each value the contributions to it, in order."""

    parts: dict[str, tuple[Part, ...]]

    def owner(self, value: str) -> Part | None:
        """Return the one contribution to a value of `SINGLES`, or None."""
        return next(iter(self.parts[value]), None)

    def blueprint(self, task: Task) -> Blueprint:
        """Return both players' networks and optimizers: the task's, changed by the strategies."""
        blueprint = task.blueprint()
        for part in self.parts["blueprint"]:
            blueprint = part.call(blueprint, task)
        players = {}
        for name in ("actor", "critic"):
            player = getattr(blueprint, name)
            optimizer = player.optimizer
            for part in self.parts["optimizers"]:
                optimizer = part.call(optimizer, name, task)
            players[name] = replace(player, optimizer=optimizer)
        return replace(blueprint, **players)


def combine(strategies: Iterable[Strategy]) -> Plan:
    """Combine a set of strategies to a plan.

    Raises `Conflict` when one is given twice, when one excludes another, when two contribute to a
    value of `SINGLES`, or when two share a chain value and their order is not declared by `after`.
    """
    members = tuple(sorted(strategies, key=lambda strategy: strategy.name))
    for first, second in pairwise(members):
        if first.name == second.name:
            raise Conflict(f"{first.name} is given twice; a combination is a set: name it once")
    present = {strategy.name for strategy in members}
    for strategy in members:
        for name, reason in strategy.excludes.items():
            if name in present:
                raise Conflict(f"{strategy.name} and {name}: {reason}")
    parts: dict[str, tuple[Part, ...]] = {}
    for value in (*CHAINS, *SINGLES, "penalty", "init_memory", "update_memory"):
        owners = [strategy for strategy in members if getattr(strategy, value) is not None]
        if value in SINGLES and len(owners) > 1:
            raise Conflict(
                f"{owners[0].name} and {owners[1].name} both set `{value}`, which has one owner; "
                f"leave one of them out"
            )
        if value in CHAINS:
            owners = _ordered(owners, value, members)
        parts[value] = tuple(Part(owner.name, getattr(owner, value)) for owner in owners)
    return Plan(parts)


def _ordered(owners: list[Strategy], value: str, members: tuple[Strategy, ...]) -> list[Strategy]:
    before = {strategy.name: _before(strategy, members) for strategy in members}
    for i, one in enumerate(owners):
        for other in owners[i + 1 :]:
            first_says = one.name in before[other.name]
            if first_says == (other.name in before[one.name]):
                raise Conflict(
                    f"{one.name} and {other.name} both transform `{value}` and do not say who "
                    f'comes first; add after=("{one.name}",) to {other.name} or the reverse'
                )
    return sorted(owners, key=lambda strategy: len(before[strategy.name]))


def _before(strategy: Strategy, members: tuple[Strategy, ...]) -> set[str]:
    """Return the names of all members that come before this one, following `after` transitively."""
    by_name = {member.name: member for member in members}
    found: set[str] = set()
    open_names = [name for name in strategy.after if name in by_name]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += [n for n in by_name[name].after if n in by_name]
    return found
