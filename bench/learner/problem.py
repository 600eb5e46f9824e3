"""Learning problems: games of an actor, of critics that evaluate, and of models.

A GAN is the special case of one critic with discount = 0 and rewards 0 and 1 (Pfau and Vinyals,
2016, arXiv 1610.01945): the environment shows the critic the actor's sample (reward 0) or a real
one (reward 1). Problems differ only in the methods of `Problem`; the learner never asks whether it
is training a GAN.

A game names its players in the order in which they play, each with a role: a critic is regressed
on reward + discount * value(next), a model minimises a loss of its own, the actor climbs what it is
judged by. One player's gradient passes through another only where the game calls `see`.

Shapes: B rows of experience, O numbers per observation (0 if stateless), A numbers per action.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.optim import Optimizer

EnvironmentLibrary = Literal["gymnasium", "envpool"]
"""They integrate some environments differently: numbers by one do not compare with the other's."""

Domain = Literal["gan", "rl", "game", "extension"]
Role = Literal["critic", "model", "actor"]
Purpose = Literal["critic", "actor", "target"]
Act = Callable[[Tensor, Tensor], Tensor]
"""(observations [B, O], key) -> the actor's actions [B, A]."""


class Experience(NamedTuple):
    """A batch of transitions: at `obs`, `action` was taken (or a sample shown), giving `reward`.

    `discount` is the weight of the value of `next_obs`: 0 after a termination, the task's discount
    otherwise, also after a truncation. The rows that the actor produced come first.
    """

    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    reward: Tensor  # [B]
    next_obs: Tensor  # [B, O]
    discount: Tensor  # [B]


class Half(NamedTuple):
    """H rows that a critic is shown, without their rewards."""

    obs: Tensor  # [H, O]
    action: Tensor  # [H, A]


class Halves(NamedTuple):
    """The data half and the actor's half of a batch."""

    data: Half  # real samples; in RL the actions of the batch
    own: Half  # the actor's samples; in RL its present actions


class See(Protocol):
    """What another player says; gradients flow through its inputs."""

    def __call__(
        self, player: str, obs: Tensor, action: Tensor | None = None, *, features: bool = False
    ) -> Tensor:
        """Return a critic's outputs [B], a model's [B, K] or the actor's actions [B, A].

        With `features`, the last hidden layer [B, H] of a critic or a model.
        """
        ...


class CriticQuery(NamedTuple):
    """Inputs of the critic in one term of a loss, and the targets that it is regressed on.

    `purpose` is "critic" to regress the critic on `target`, "actor" to evaluate the actor's actions
    in its loss, "target" to value the next actions in the TD target. Only the first has `target`
    and `uninformed`.
    """

    purpose: Purpose
    obs: Tensor  # [B, O]
    action: Tensor  # [B, A]
    target: Tensor  # [B]
    uninformed: Tensor  # scalar: the prediction of a critic that has learned nothing
    weight: Tensor | float = 1.0  # [B] how much each row counts in the loss
    offset: Tensor | float = 0.0  # [B] subtracted from the critic's outputs before the loss

    @classmethod
    def without_target(cls, purpose: Purpose, obs: Tensor, action: Tensor) -> CriticQuery:
        """Return a query without a target: `target` and `uninformed` are 0 and unused."""
        nothing = torch.zeros(())
        return cls(purpose, obs, action, nothing, nothing)


def critic_inputs(pairs: Experience | CriticQuery | Half) -> Tensor:
    """Concatenate observations and actions to inputs [B, O + A] of a critic's network."""
    return torch.cat([pairs.obs, pairs.action], dim=1)


@dataclass(frozen=True)
class Player:
    """One player's network and optimizer, before parameters are created.

    A critic's network outputs one number per row, or one for each of its heads. Every head has a
    loss of its own; where one number is needed, `heads` says how they are reduced. With `joint`,
    the rows of its loss and those of its TD target go through the network in one batch, so that
    batch statistics are over both.
    """

    net: Net
    optimizer: Optimizer
    heads: Literal["min", "mean"] = "min"
    joint: bool = False
    pack: int = 1  # rows that a critic judges together, with one output for all of them
    extra_noise: int = 0  # numbers of fresh noise in the actor's input beside the task's

    def reduce_heads(self, outputs: Tensor) -> Tensor:
        """Reduce the outputs of all heads [B, heads] to one number for each row [B]."""
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return outputs.amin(dim=1) if self.heads == "min" else outputs.mean(dim=1)


@dataclass(frozen=True, init=False)
class Blueprint:
    """All players, before parameters are created: `Blueprint(actor=..., critic=...)`."""

    players: Mapping[str, Player]

    def __init__(self, **players: Player) -> None:
        object.__setattr__(self, "players", players)

    @property
    def actor(self) -> Player:
        """The actor."""
        return self.players["actor"]

    @property
    def critic(self) -> Player:
        """The critic that judges the actor."""
        return self.players["critic"]


class Rules(ABC):
    """By what one player plays: losses, value, discount, halves.

    Usually the game itself; a game may give some of its players rules of another kind.
    """

    name: ClassVar[str]
    domain: ClassVar[Domain]
    # Families whose published settings differ: "toy", ...; of a game or an extension also "gan" or
    # "rl", which then takes the place of its domain.
    kinds: ClassVar[tuple[str, ...]] = ()
    discount: ClassVar[float] = 0.0
    judges_pairs: ClassVar[bool] = False  # penalties are on slopes in (obs, action), not action

    @abstractmethod
    def own(self, fresh: Experience) -> int:
        """Return how many of the first rows of a fresh experience the actor produced."""

    @abstractmethod
    def actor_obs(self, batch: Experience) -> Tensor:
        """Return the observations [B', O] at which the actor's loss is computed."""

    @abstractmethod
    def halves(self, batch: Experience, act: Act, key: Tensor) -> Halves:
        """Return the data half and the actor's half of a batch."""

    @abstractmethod
    def critic_loss(self, q: Tensor, target: Tensor) -> Tensor:
        """Return the critic's loss per row [B] from its outputs q [B] and their targets [B]."""

    @abstractmethod
    def actor_loss(self, q: Tensor) -> Tensor:
        """Return the actor's loss per row [B] from the critic's outputs q [B] for its actions."""

    @abstractmethod
    def value(self, q: Tensor) -> Tensor:
        """Return the critic's outputs [B] on the scale of the reward, for bootstrapping."""

    @abstractmethod
    def uninformed(self, target: Tensor) -> Tensor:
        """Return the prediction, a scalar, of a critic that has learned nothing of targets [B]."""


class Problem(Rules):
    """Players, networks, experience and losses. The defaults suit a stateless game of two.

    Of the players' names two are fixed: "actor", which plays last, and "critic", its judge.
    """

    players: ClassVar[Mapping[str, Role]] = {"critic": "critic", "actor": "actor"}
    data_only: ClassVar[tuple[str, ...]] = ()  # players that learn from no row of the actor
    obs_size: ClassVar[int] = 0
    action_size: ClassVar[int]
    noise_size: ClassVar[int] = 0  # numbers of fresh noise in the actor's input
    batch_rows: ClassVar[int]  # the actor's rows in a batch: what a replay buffer draws
    updates: ClassVar[int]  # the budget
    warmup: ClassVar[int] = 0  # first updates, which gather experience and change no parameters
    steps_per_update: ClassVar[int] = 1  # environment steps; 1 without an environment
    updates_per_step: ClassVar[int] = 1  # updates between two steps of the environment
    step_unit: ClassVar[str] = "update"  # what a step is: "update" or "environment step"
    image_shape: ClassVar[tuple[int, ...] | None] = None  # (channels, height, width) of an action
    environment: ClassVar[Any] = None  # Gymnasium's id, or run seeds -> a vector environment
    environment_library: ClassVar[EnvironmentLibrary] = "gymnasium"  # what steps it
    reward_scale: ClassVar[float] = 1.0  # the learner sees reward * reward_scale

    @abstractmethod
    def blueprint(self) -> Blueprint:
        """Return all players without any strategy."""

    @abstractmethod
    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """Return the newest experience at update number `step` (int64 scalar, 0 is the first).

        `seen` is the environment's experience since the last update; zeros without an environment.
        """

    def blank(self, rows: int) -> Experience:
        """Return experience of zeros, which has the shapes of the task's."""
        return Experience(
            obs=torch.zeros(rows, self.obs_size),
            action=torch.zeros(rows, self.action_size),
            reward=torch.zeros(rows),
            next_obs=torch.zeros(rows, self.obs_size),
            discount=torch.zeros(rows),
        )

    def explore(self, action: Tensor, key: Tensor, step: Tensor) -> Tensor:
        """Return the actions [B, A] to step the environment with; unchanged unless overridden."""
        return action

    def actuated(self, action: NDArray[Any], update: int) -> NDArray[Any]:
        """Return what the environment is stepped with [N, A] for the players' actions [N, A].

        Where dynamics change during training, it depends on the number of the update. Learned from
        are the players' own actions.
        """
        return action

    def steps(self, updates: int) -> int:
        """Return how many steps of `step_unit` have been made after so many updates."""
        return -(-updates // self.updates_per_step) * self.steps_per_update

    def having(self, role: Role) -> tuple[str, ...]:
        """Return the names of the players with a role, in the order of play."""
        return tuple(name for name, own in self.players.items() if own == role)

    def only(self, player: str) -> Self:
        """Return the game as seen by a strategy that acts on one player: nobody else plays."""
        alone: dict[str, Any] = {"players": {player: self.players[player]}}
        return type(type(self).__name__, (type(self),), alone)()

    def rules(self, player: str) -> Rules:
        """Return by what a player plays; all play by the rules of the game itself by default."""
        return self

    def shown(self, player: str, batch: Experience, see: See, key: Tensor) -> Experience:
        """Return what a player is shown of a batch, a constant to it; the actor's rows stay first.

        Stored rows come through here too, so that rewards are paid as of now.
        """
        return batch

    def judged(self, see: See, obs: Tensor, action: Tensor) -> Tensor:
        """Return what the actor climbs [B], from its actions [B, A] at observations [B, O]."""
        return see("critic", obs, action)

    def aside(self, see: See, obs: Tensor, action: Tensor) -> Tensor | None:
        """Return what else the actor minimises [B], from its actions [B, A]; None: nothing."""
        return None

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """Return a model's loss [B] on a batch that it is shown."""
        raise NotImplementedError(f"{self.name} has no loss for its model {player!r}")
