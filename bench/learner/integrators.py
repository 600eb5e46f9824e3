"""Integrators: how a core moves along the field of both players' gradients.

A step is a function `(core, field, move) -> (core, slopes)`: the core that both players have moved
to, and the gradients and losses by which they did. `move(core, player, grads)` applies that
player's optimizer. Who moves first, and against whose parameters, is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params, lerp, ravel, tmap
from bench.learner.task import Blueprint, Task


class Core(NamedTuple):
    """Everything that learns: both networks, both optimizers, and the number of updates made."""

    actor: Params
    critic: Params
    actor_opt: Any
    critic_opt: Any
    step: Tensor  # int64 scalar


def begin(blueprint: Blueprint, game: Task, key: Tensor) -> Core:
    """Both players before their first move, drawn with `key`."""
    actor, critic = blueprint.actor, blueprint.critic
    asked = game.obs_size + game.noise_size + blueprint.extra_noise
    judged = game.obs_size + game.action_size
    actor_params, _ = actor.net.init(rng.fold(key, "actor"), (asked,))
    critic_params, _ = critic.net.init(rng.fold(key, "critic"), (judged,))
    return Core(
        actor=actor_params,
        critic=critic_params,
        actor_opt=actor.optimizer.init(actor_params),
        critic_opt=critic.optimizer.init(critic_params),
        step=torch.zeros_like(key),
    )


class Slope(NamedTuple):
    """One player's gradient at a point, and the loss there."""

    grads: Params
    loss: Tensor


class Field(Protocol):
    """Both players' gradients at any point."""

    def __call__(
        self, player: str, point: Core, ahead: Callable[[Core], Core] | None = None
    ) -> Slope:
        """That player's slope with respect to its own parameters.

        With `ahead` the loss is that at `ahead(point)`, and its gradient reaches the parameters
        through `ahead`.
        """
        ...


Move = Callable[[Core, str, Params], Core]
Slopes = dict[str, Slope]
Step = Callable[[Core, Field, Move], tuple[Core, Slopes]]


def alternating(core: Core, field: Field, move: Move) -> tuple[Core, Slopes]:
    """The default: the critic moves first, the actor then follows the critic that has moved."""
    return unrolled(core, field, move, depth=0)


def unrolled(core: Core, field: Field, move: Move, *, depth: int) -> tuple[Core, Slopes]:
    """The critic moves; the actor then follows its loss `depth` further critic moves ahead.

    Its gradient goes through those moves (Metz et al., 2017, arXiv 1611.02163), which are taken
    back afterwards.
    """
    critic = field("critic", core)
    core = move(core, "critic", critic.grads)

    def ahead(point: Core) -> Core:
        for _ in range(depth):
            point = move(point, "critic", field("critic", point).grads)
        return point

    actor = field("actor", core, ahead if depth else None)
    return move(core, "actor", actor.grads), {"critic": critic, "actor": actor}


def simultaneous(core: Core, field: Field, move: Move) -> tuple[Core, Slopes]:
    """Both players move along their gradients at the same point."""
    slopes = _slopes(core, field)
    return _moved(core, slopes, move), slopes


def extragradient(core: Core, field: Field, move: Move, *, lookahead: float) -> tuple[Core, Slopes]:
    """Both players move from `core` along their gradients at a point one look-ahead step away.

    The optimizer states advance in both half-steps, as in ExtraAdam (Gidel et al., 2019, arXiv
    1802.10551, algorithm 4). `lookahead` scales the look-ahead; 0 is the simultaneous step.
    """
    if lookahead == 0.0:
        return simultaneous(core, field, move)
    ahead, _ = simultaneous(core, field, move)
    point = ahead._replace(
        actor=lerp(core.actor, ahead.actor, lookahead),
        critic=lerp(core.critic, ahead.critic, lookahead),
    )
    slopes = _slopes(point, field)
    return _moved(ahead._replace(actor=core.actor, critic=core.critic), slopes, move), slopes


def consensus(core: Core, field: Field, move: Move, *, gamma: float) -> tuple[Core, Slopes]:
    """Both players move along F + gamma * J'F, J'F the gradient of norm(F)^2 / 2.

    F holds both gradients at the same point, J is its Jacobian (Mescheder et al., 2017, arXiv
    1705.10461).
    """
    slopes = _slopes(core, field)
    if gamma == 0.0:
        return _moved(core, slopes, move), slopes
    turned = _added(slopes, _transposed(core, field, slopes), gamma)
    return _moved(core, turned, move), turned


def symplectic(core: Core, field: Field, move: Move, *, weight: float) -> tuple[Core, Slopes]:
    """Both players move along F + sign * weight * A'F, A the antisymmetric part of F's Jacobian.

    sign = sign(<F, J'F> <A'F, J'F> / d + 1/10) over all d parameters (Balduzzi et al., 2018, arXiv
    1802.05642, algorithm 1).
    """
    slopes = _slopes(core, field)
    if weight == 0.0:
        return _moved(core, slopes, move), slopes
    pull = {player: slope.grads for player, slope in slopes.items()}
    back = _transposed(core, field, slopes)
    # J F as the derivative of u -> J'u along F: reverse mode twice, as all layers can.
    along = torch.func.vjp(lambda u: _pulled(core, field, u), pull)[1](pull)[0]
    turn = tmap(lambda one, other: 0.5 * (one - other), back, along)
    size = sum(leaf.numel() for leaf in _flat(pull))
    sign = torch.sign(_dot(pull, back) * _dot(turn, back) / size + 0.1)
    turned = _added(slopes, turn, sign * weight)
    return _moved(core, turned, move), turned


Pull = dict[str, Params]  # both players' gradients, or directions of the same shape


def _slopes(core: Core, field: Field) -> Slopes:
    return {player: field(player, core) for player in ("critic", "actor")}


def _moved(core: Core, slopes: Slopes, move: Move) -> Core:
    for player, slope in slopes.items():
        core = move(core, player, slope.grads)
    return core


def _added(slopes: Slopes, extra: Pull, weight: float | Tensor) -> Slopes:
    return {
        player: slope._replace(
            grads=tmap(lambda g, more: g + weight * more, slope.grads, extra[player])
        )
        for player, slope in slopes.items()
    }


def _transposed(core: Core, field: Field, slopes: Slopes) -> Pull:
    """J'F."""
    return _pulled(core, field, {player: slope.grads for player, slope in slopes.items()})


def _pulled(core: Core, field: Field, direction: Pull) -> Pull:
    """J'u for a direction u."""

    def pull(point: Pull) -> Pull:
        there = core._replace(actor=point["actor"], critic=point["critic"])
        return {player: field(player, there).grads for player in ("critic", "actor")}

    here = {"critic": core.critic, "actor": core.actor}
    return torch.func.vjp(pull, here)[1](direction)[0]


def _flat(pull: Pull) -> list[Tensor]:
    return [ravel(params) for params in pull.values()]


def _dot(one: Pull, other: Pull) -> Tensor:
    pairs = zip(_flat(one), _flat(other), strict=True)
    return sum(((a * b).sum() for a, b in pairs), start=torch.zeros(()))
