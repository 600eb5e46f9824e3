"""A strategy is a frozen set of contributions to the named values of one update.

    blueprint, optimizers -> fresh -> batch -> view -> weights -> examples (+ penalty)
              -> grads -> step -> accept, and `policy`, the actor that is evaluated

Each contribution is a pure function of the value and of what it may read (`At`, `After`). The laws:

- a combination is a set: the order in which strategies are given never matters;
- *chain* values (blueprint, optimizers, batch, view, weights, examples, grads, accept) are
  transformed one after the other, so two strategies on the same one must say who comes first
  (`after`), or that they cannot go together (`excludes`);
- *sum* values (penalty) add up;
- *single* values (step, policy) have at most one owner;
- private memory: `slot` makes it, `refresh` returns the next one, nobody else sees it. A memory may
  be written in place by `refresh` alone (a replay ring is too large to copy at every update); the
  state that went into `update` is then used up, like a donated buffer.
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
from bench.learner.task import Blueprint, Examples, Experience, Halves, Task

if TYPE_CHECKING:
    from bench.learner.integrators import Core, Step

CHAINS = ("blueprint", "optimizers", "batch", "view", "weights", "examples", "grads", "accept")
SINGLES = ("step", "policy")


class View(NamedTuple):
    """Whose parameters each loss is shown."""

    target_actor: Params  # chooses the next action in the critic's target
    target_critic: Params  # values it there
    critic: Params  # judges the actor's actions in the actor's loss


class Use(NamedTuple):
    """Which forward pass parameters are for."""

    player: str  # "actor" or "critic"
    slot: Any  # the strategy's own memory
    key: Tensor | None  # of this pass; None in an evaluation, where nothing is random


@dataclass(frozen=True, kw_only=True)
class Place:
    """What every contribution to an update may read."""

    game: Task
    slot: Any  # the strategy's own memory
    key: Tensor  # the strategy's own key for this update
    q: Callable[[Params, Tensor, Tensor], Tensor]  # (critic, obs, action) -> outputs [B]
    features: Callable[[Params, Tensor, Tensor], Tensor]  # the same -> inputs [B, H] of its end
    act: Callable[[Params, Tensor, Tensor], Tensor]  # (actor, obs, key) -> actions [B, A]

    def halves(self, core: Core, batch: Experience) -> Halves:
        """The two sides of a batch: data and what the actor of `core` makes."""
        key = rng.fold(self.key, "halves")
        return self.game.halves(batch, partial(self.act, core.actor), key)

    def slope(self, critic: Params, obs: Tensor, action: Tensor) -> Tensor:
        """dq/da [B, A] of a critic at the given actions."""
        return torch.func.grad(lambda a: self.q(critic, obs, a).sum())(action)


@dataclass(frozen=True, kw_only=True)
class At(Place):
    """What a contribution to one player's loss or gradient may read."""

    core: Core  # the point at which the value is computed
    player: str  # "actor" or "critic": whose loss or gradient this is
    batch: Experience


@dataclass(frozen=True, kw_only=True)
class After(Place):
    """What `accept` and `refresh` may read when both players have moved."""

    old: Core
    new: Core  # for `accept` as the step left it, for `refresh` as accepted
    fresh: Experience  # made by the old actor
    losses: dict[str, Tensor]  # per player, the last ones
    init: Callable[[Tensor], Core]  # key -> networks and optimizers as before the first update


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One trick. Every part is optional; see the module's docstring for the laws."""

    name: str
    blueprint: Callable[[Blueprint, Task], Blueprint] | None = None
    optimizers: Callable[[Optimizer, str, Task], Optimizer] | None = None  # of one player
    batch: Callable[[Experience, At], Experience] | None = None
    view: Callable[[View, At], View] | None = None
    weights: Callable[[Params, Use], Params] | None = None  # may add what a layer looks for
    examples: Callable[[Examples, At], Examples] | None = None
    penalty: Callable[[At], Tensor | float] | None = None
    grads: Callable[[Params, At], Params] | None = None
    step: Step | None = None
    accept: Callable[[Core, After], Core] | None = None  # the value is the new core
    policy: Callable[[Params, Any], Params] | None = None  # (actor, slot) -> actor to evaluate
    slot: Callable[[Core, Task, Tensor], Any] | None = None  # (initial core, game, key) -> memory
    refresh: Callable[[Any, After], Any] | None = None
    after: tuple[str, ...] = ()
    excludes: Mapping[str, str] = field(default_factory=dict)  # name -> why, and what to do
    inert: Callable[[Task], str | None] = field(default=lambda game: None)


class Conflict(ValueError):
    """Two strategies that cannot be combined: names both, the value they share, and what to do."""


class Part(NamedTuple):
    """One strategy's contribution to one value."""

    name: str  # the strategy's
    call: Callable[..., Any]


@dataclass(frozen=True)
class Plan:
    """A lawful combination. `parts` lists the contributions to each value, in order."""

    parts: dict[str, tuple[Part, ...]]

    def owner(self, value: str) -> Part | None:
        """The one contribution to a single value, if any."""
        return next(iter(self.parts[value]), None)

    def blueprint(self, game: Task) -> Blueprint:
        """Both players as they will be built: the task's, changed by the strategies."""
        blueprint = game.blueprint()
        for part in self.parts["blueprint"]:
            blueprint = part.call(blueprint, game)
        players = {}
        for name in ("actor", "critic"):
            player = getattr(blueprint, name)
            optimizer = player.optimizer
            for part in self.parts["optimizers"]:
                optimizer = part.call(optimizer, name, game)
            players[name] = replace(player, optimizer=optimizer)
        return replace(blueprint, **players)


def combine(strategies: Iterable[Strategy]) -> Plan:
    """The plan of a set of strategies.

    Raises `Conflict` when one is given twice, when one excludes another, when two claim a single
    value, or when two share a chain value and neither says that it comes after the other.
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
    for value in (*CHAINS, *SINGLES, "penalty", "slot", "refresh"):
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
    """Names of all members that come before this one, through any number of `after`s."""
    by_name = {member.name: member for member in members}
    found: set[str] = set()
    open_names = [name for name in strategy.after if name in by_name]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += [n for n in by_name[name].after if n in by_name]
    return found
