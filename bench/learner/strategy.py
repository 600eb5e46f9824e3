"""A strategy is a frozen set of contributions to the named values of one update.

    blueprint, optimizers -> fresh -> batch -> target_params -> forward_params
        -> critic_query (+ penalty) -> grads -> integrator -> accept, and `policy` to evaluate

A contribution is a pure function of the value and of a context that says what else it may read. The
laws:

- A strategy acts on players: on all of its `roles`, or on the one that `only` names. What concerns
  one player (its network, loss or gradient) is asked of it for these players alone; what concerns
  the whole update (`accept`, memories) finds their names as `context.mine`.
- A combination is a set: the order in which strategies are given never matters.
- *Chain* values (`CHAINS`) are transformed by one strategy after the other. Two strategies on the
  same one must say which comes first (`after`) or that they cannot be combined (`excludes`), unless
  they act on different players.
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
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.functional.optim import Optimizer
from bench.functional.pytree import Params
from bench.learner.contexts import LossContext, PostUpdateContext, StartContext
from bench.learner.forward import ForwardContext
from bench.learner.problem import Blueprint, CriticQuery, Experience, Player, Role
from bench.learner.state import TrainState
from bench.learner.task import Task

if TYPE_CHECKING:
    from torch import Tensor

    from bench.learner.integrators import Integrator

__all__ = [
    "ALL",
    "Conflict",
    "ForwardContext",
    "Given",
    "LossContext",
    "Plan",
    "PostUpdateContext",
    "StartContext",
    "Strategy",
    "combine",
]

CHAINS = (
    *("blueprint", "optimizers", "batch", "target_params", "forward_params"),
    *("critic_query", "grads", "accept"),
)
SINGLES = ("integrator", "policy")


ALL: tuple[Role, ...] = ("critic", "model", "actor")
Given = dict[str, Params]
"""player -> the parameters by which a loss takes it as given."""


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One technique. Every contribution is optional; see the module's docstring for the laws.

    Shapes are those of `bench.learner.problem`; `Any` stands for the strategy's own memory.
    """

    name: str
    roles: tuple[Role, ...] = ("critic",)  # of the players that it acts on
    scopes: tuple[Role, ...] = ()  # of those that `only` may name besides
    beside: tuple[Role, ...] = ()  # of those of `roles` that `only` may not name: not by themselves
    only: str | None = None  # the one player that it acts on
    blueprint: Callable[[Player, str, Task], Player] | None = None  # the str is a player's name
    optimizers: Callable[[Optimizer, str, Task], Optimizer] | None = None
    batch: Callable[[Experience, LossContext], Experience] | None = None
    target_params: Callable[[Given, LossContext], Given] | None = None
    forward_params: Callable[[Params, ForwardContext], Params] | None = None
    critic_query: Callable[[CriticQuery, LossContext], CriticQuery] | None = None
    penalty: Callable[[LossContext], Tensor | float] | None = None
    grads: Callable[[Params, LossContext], Params] | None = None
    integrator: Integrator | None = None
    accept: Callable[[TrainState, PostUpdateContext], TrainState] | None = None
    policy: Callable[[Params, Any], Params] | None = None  # (actor, memory) -> actor to evaluate
    init_memory: Callable[[StartContext], Any] | None = None
    update_memory: Callable[[Any, PostUpdateContext], Any] | None = None
    after: tuple[str, ...] = ()
    excludes: Mapping[str, str] = field(default_factory=dict)  # name -> why, and what to do
    plain_actor: bool = False  # whether it needs the actor's network as the task gives it
    inert: Callable[[Task], str | None] = field(default=lambda task: None)

    @property
    def full_name(self) -> str:
        """The name, with the player that it is restricted to: "r1@reward"."""
        return self.name if self.only is None else f"{self.name}@{self.only}"

    def acts_on(self, player: str, task: Task) -> bool:
        """Return whether it acts on a player of a game."""
        return player == self.only if self.only else task.players[player] in self.roles

    def mine(self, task: Task) -> tuple[str, ...]:
        """Return the names of the players of a game that it acts on, in the order of play."""
        return tuple(player for player in task.players if self.acts_on(player, task))

    def why_inert(self, task: Task) -> str | None:
        """Return why it cannot matter in a game, or None."""
        return self.inert(task if self.only is None else task.only(self.only))

    def restricted(self, player: str, task: Task) -> Strategy:
        """Return the strategy restricted to one player of a game.

        Raises `Conflict` if the game has no such player, or if it cannot act on that one.
        """
        if player not in task.players:
            known = ", ".join(task.players)
            raise Conflict(f"{task.name} has no player {player!r}; its players are {known}")
        roles = {*self.roles, *self.scopes} - {*self.beside}
        able = tuple(name for name, role in task.players.items() if role in roles)
        if self.integrator is not None or self.policy is not None:
            raise Conflict(f"{self.name} cannot be restricted to {player}: leave @{player} out")
        if player not in able:
            raise Conflict(f"{self.name} cannot act on {player}; choose {' or '.join(able)}")
        return replace(self, only=player)


class Conflict(ValueError):
    """Two strategies that cannot be combined; the message names both, and says what to do."""


class Part(NamedTuple):
    """One strategy's contribution to one value."""

    strategy: Strategy
    call: Callable[..., Any]

    @property
    def name(self) -> str:
        """The strategy's, with the player that it is restricted to."""
        return self.strategy.full_name


@dataclass(frozen=True)
class Plan:
    """A valid combination of strategies: for each value the contributions to it, in order."""

    parts: dict[str, tuple[Part, ...]]

    def owner(self, value: str) -> Part | None:
        """Return the one contribution to a value of `SINGLES`, or None."""
        return next(iter(self.parts[value]), None)

    def on(self, value: str, player: str, task: Task) -> list[Part]:
        """Return the contributions to a value that concern one player of a game, in order."""
        return [part for part in self.parts[value] if part.strategy.acts_on(player, task)]

    def blueprint(self, task: Task) -> Blueprint:
        """Return all players' networks and optimizers: the task's, changed by the strategies."""
        players = {}
        for name, given in task.blueprint().players.items():
            player = given
            for part in self.on("blueprint", name, task):
                player = part.call(player, name, task)
            optimizer = player.optimizer
            for part in self.on("optimizers", name, task):
                optimizer = part.call(optimizer, name, task)
            players[name] = replace(player, optimizer=optimizer)
        return Blueprint(**players)


def combine(strategies: Iterable[Strategy]) -> Plan:
    """Combine a set of strategies to a plan.

    Raises `Conflict` when one is given twice, when one excludes another, when two contribute to a
    value of `SINGLES`, or when two share a chain value and their order is not declared by `after`.
    """
    members = tuple(sorted(strategies, key=lambda strategy: strategy.full_name))
    for first, second in pairwise(members):
        if first.full_name == second.full_name:
            name = first.full_name
            raise Conflict(f"{name} is given twice; a combination is a set: name it once")
    for one in members:
        for other in members:
            if one is not other and _meet(one, other):
                if one.name == other.name:
                    names = f"{one.full_name} and {other.full_name}"
                    raise Conflict(f"{names}: one contains the other; leave one of them out")
                if other.name in one.excludes:
                    raise Conflict(f"{one.name} and {other.name}: {one.excludes[other.name]}")
            if one.plain_actor and other is not one and _changes_the_actor(other):
                raise Conflict(
                    f"{one.name} and {other.full_name}: the one needs the actor's own network, "
                    f"which the other changes; leave one of them out"
                )
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
        parts[value] = tuple(Part(owner, getattr(owner, value)) for owner in owners)
    return Plan(parts)


def _meet(one: Strategy, other: Strategy) -> bool:
    """Return whether two strategies may act on the same player."""
    return one.only is None or other.only is None or one.only == other.only


def _changes_the_actor(strategy: Strategy) -> bool:
    """Return whether a strategy changes the actor's network or its parameters in a pass."""
    acts = strategy.only == "actor" or (strategy.only is None and "actor" in strategy.roles)
    return acts and (strategy.blueprint or strategy.forward_params) is not None


def _ordered(owners: list[Strategy], value: str, members: tuple[Strategy, ...]) -> list[Strategy]:
    before = {strategy.full_name: _before(strategy, members) for strategy in members}
    for i, one in enumerate(owners):
        for other in owners[i + 1 :]:
            first_says = one.name in before[other.full_name]
            if _meet(one, other) and first_says == (other.name in before[one.full_name]):
                raise Conflict(
                    f"{one.name} and {other.name} both transform `{value}` and do not say who "
                    f'comes first; add after=("{one.name}",) to {other.name} or the reverse'
                )
    return sorted(owners, key=lambda strategy: len(before[strategy.full_name]))


def _before(strategy: Strategy, members: tuple[Strategy, ...]) -> set[str]:
    """Return the names of all members that come before this one, following `after` transitively."""
    known = {member.name: member.after for member in members}
    found: set[str] = set()
    open_names = [name for name in strategy.after if name in known]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += [n for n in known[name] if n in known]
    return found
