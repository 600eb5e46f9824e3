"""Integrators: how a core moves along the field of both players' gradients.

A step is a function `(core, field, move) -> core`, where `field(player, point)` is a player's
gradient at a point and `move(core, player, grads)` applies that player's optimizer. Who moves
first, and against whose parameters, is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from bench.trees import Params, lerp


class Core(NamedTuple):
    """Everything that learns: both networks, both optimizers, and the number of updates made."""

    actor: Params
    critic: Params
    actor_opt: Any
    critic_opt: Any
    step: Tensor  # int64 scalar


Field = Callable[[str, Core], Params]
Move = Callable[[Core, str, Params], Core]
Step = Callable[[Core, Field, Move], Core]


def alternating(core: Core, field: Field, move: Move) -> Core:
    """The default: the critic moves first, the actor then follows the critic that has moved."""
    core = move(core, "critic", field("critic", core))
    return move(core, "actor", field("actor", core))


def simultaneous(core: Core, field: Field, move: Move) -> Core:
    """Both players move along their gradients at the same point."""
    critic, actor = field("critic", core), field("actor", core)
    return move(move(core, "critic", critic), "actor", actor)


def extragradient(core: Core, field: Field, move: Move, *, lookahead: float) -> Core:
    """Both players move from `core` along their gradients at a point one look-ahead step away.

    The optimizer states advance in both half-steps, as in ExtraAdam (Gidel et al., 2019, arXiv
    1802.10551, algorithm 4). `lookahead` scales the look-ahead; 0 is the simultaneous step.
    """
    if lookahead == 0.0:
        return simultaneous(core, field, move)
    ahead = simultaneous(core, field, move)
    point = ahead._replace(
        actor=lerp(core.actor, ahead.actor, lookahead),
        critic=lerp(core.critic, ahead.critic, lookahead),
    )
    critic, actor = field("critic", point), field("actor", point)
    start = ahead._replace(actor=core.actor, critic=core.critic)
    return move(move(start, "critic", critic), "actor", actor)
