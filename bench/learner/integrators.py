"""Integrators: how all players are updated from the gradients of their losses.

An integrator is a function `(state, grad_fn, apply_gradients, order) -> (state, gradients)`: it
returns the state after all players' updates, and the gradients and losses that it used.
`apply_gradients(state, player, grads)` takes one step of that player's optimizer; `order` are the
players in the order of play. At which parameters gradients are taken is decided here and nowhere
else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from bench.functional.pytree import Params, lerp, ravel, tmap
from bench.learner.state import TrainState


class GradAndLoss(NamedTuple):
    """One player's gradient, and the loss at the same parameters."""

    grads: Params
    loss: Tensor


class Ahead(NamedTuple):
    """Moves of the other players that one looks ahead, as a function of all parameters."""

    to: Callable[[TrainState], TrainState]
    # In a GAN: whether what goes through the critic is the gradient of minus the critic's own loss,
    # as in a minimax game, instead of the actor's.
    minimax: bool = False


class GradFn(Protocol):
    """Computes a player's gradient at any parameters of all players."""

    def __call__(
        self,
        player: str,
        point: TrainState,
        ahead: Ahead | None = None,
    ) -> GradAndLoss:
        """Return the gradient of the player's loss at `point` with respect to its parameters.

        With `ahead`, the loss is taken at `ahead.to(point)` and differentiated through it.
        """
        ...


ApplyGradients = Callable[[TrainState, str, Params], TrainState]
Gradients = dict[str, GradAndLoss]
"""player -> its gradient and loss"""
Order = tuple[str, ...]
"""all players, the one that is updated first in front"""
Integrator = Callable[[TrainState, GradFn, ApplyGradients, Order], tuple[TrainState, Gradients]]


def alternating(
    state: TrainState, grad_fn: GradFn, apply_gradients: ApplyGradients, order: Order
) -> tuple[TrainState, Gradients]:
    """Update one player after the other, each against the others as they are then; the default."""
    return unrolled(state, grad_fn, apply_gradients, order, depth=0)


def unrolled(
    state: TrainState,
    grad_fn: GradFn,
    apply_gradients: ApplyGradients,
    order: Order,
    *,
    depth: int,
    minimax: bool = False,
) -> tuple[TrainState, Gradients]:
    """Update one after the other, the actor on its loss `depth` further updates of others ahead.

    Unrolled GAN (Metz et al., 2017, arXiv 1611.02163): the actor's gradient goes through those
    updates of all the other players, in their order, which are then discarded. With `minimax`, what
    goes through the critic of a GAN is the gradient of minus the critic's loss.
    """
    others = tuple(player for player in order if player != "actor")

    def ahead(point: TrainState) -> TrainState:
        for _ in range(depth):
            for player in others:
                point = apply_gradients(point, player, grad_fn(player, point).grads)
        return point

    gradients = {}
    for player in order:
        unrolls = depth and player not in others
        gradients[player] = grad_fn(player, state, Ahead(ahead, minimax) if unrolls else None)
        state = apply_gradients(state, player, gradients[player].grads)
    return state, gradients


def simultaneous(
    state: TrainState, grad_fn: GradFn, apply_gradients: ApplyGradients, order: Order
) -> tuple[TrainState, Gradients]:
    """Update all players with gradients taken at the same parameters."""
    gradients = _gradients(state, grad_fn, order)
    return _apply_all(state, gradients, apply_gradients), gradients


def extragradient(
    state: TrainState,
    grad_fn: GradFn,
    apply_gradients: ApplyGradients,
    order: Order,
    *,
    lookahead: float,
) -> tuple[TrainState, Gradients]:
    """Update all players from `state` with gradients taken one look-ahead step away.

    The optimizer states advance in both steps, as in ExtraAdam (Gidel et al., 2019, arXiv
    1802.10551, algorithm 4). `lookahead` scales the look-ahead step; 0 gives simultaneous updates.
    """
    if lookahead == 0.0:
        return simultaneous(state, grad_fn, apply_gradients, order)
    ahead, _ = simultaneous(state, grad_fn, apply_gradients, order)
    point = ahead._replace(params=lerp(state.params, ahead.params, lookahead))
    gradients = _gradients(point, grad_fn, order)
    return _apply_all(ahead._replace(params=state.params), gradients, apply_gradients), gradients


def consensus(
    state: TrainState,
    grad_fn: GradFn,
    apply_gradients: ApplyGradients,
    order: Order,
    *,
    gamma: float,
) -> tuple[TrainState, Gradients]:
    """Update all players with F + gamma * J'F, where J'F is the gradient of norm(F)^2 / 2.

    F is all players' gradients at the same parameters, J its Jacobian (Mescheder et al., 2017,
    arXiv 1705.10461).
    """
    gradients = _gradients(state, grad_fn, order)
    if gamma == 0.0:
        return _apply_all(state, gradients, apply_gradients), gradients
    turned = _added(gradients, _transposed(state, grad_fn, gradients), gamma)
    return _apply_all(state, turned, apply_gradients), turned


def symplectic(
    state: TrainState,
    grad_fn: GradFn,
    apply_gradients: ApplyGradients,
    order: Order,
    *,
    weight: float,
) -> tuple[TrainState, Gradients]:
    """Update all players with F + sign * weight * A'F, A the antisymmetric part of J.

    F is all players' gradients at the same parameters, J its Jacobian, A = (J - J') / 2,
    sign = sign(<F, J'F> <A'F, J'F> / d + 1/10) over all d parameters (Balduzzi et al., 2018, arXiv
    1802.05642, algorithm 1).
    """
    gradients = _gradients(state, grad_fn, order)
    if weight == 0.0:
        return _apply_all(state, gradients, apply_gradients), gradients
    pull = {player: gradient.grads for player, gradient in gradients.items()}
    back = _transposed(state, grad_fn, gradients)
    # J F as the derivative of u -> J'u in direction F: all layers support reverse mode twice.
    along = torch.func.vjp(lambda u: _pulled(state, grad_fn, u), pull)[1](pull)[0]
    turn = tmap(lambda one, other: 0.5 * (one - other), back, along)
    size = sum(leaf.numel() for leaf in _flat(pull))
    sign = torch.sign(_dot(pull, back) * _dot(turn, back) / size + 0.1)
    turned = _added(gradients, turn, sign * weight)
    return _apply_all(state, turned, apply_gradients), turned


Pull = dict[str, Params]  # all players' gradients, or directions of the same shape


def _gradients(state: TrainState, grad_fn: GradFn, order: Order) -> Gradients:
    return {player: grad_fn(player, state) for player in order}


def _apply_all(
    state: TrainState, gradients: Gradients, apply_gradients: ApplyGradients
) -> TrainState:
    for player, gradient in gradients.items():
        state = apply_gradients(state, player, gradient.grads)
    return state


def _added(gradients: Gradients, extra: Pull, weight: float | Tensor) -> Gradients:
    return {
        player: gradient._replace(
            grads=tmap(lambda g, more: g + weight * more, gradient.grads, extra[player])
        )
        for player, gradient in gradients.items()
    }


def _transposed(state: TrainState, grad_fn: GradFn, gradients: Gradients) -> Pull:
    """Return J'F for the gradients F and their Jacobian J."""
    return _pulled(
        state, grad_fn, {player: gradient.grads for player, gradient in gradients.items()}
    )


def _pulled(state: TrainState, grad_fn: GradFn, direction: Pull) -> Pull:
    """Return J'u for a direction u, with J the Jacobian of all players' gradients."""

    def pull(point: Pull) -> Pull:
        return {player: grad_fn(player, state.with_params(point)).grads for player in direction}

    here = {player: state.params[player] for player in direction}
    return torch.func.vjp(pull, here)[1](direction)[0]


def _flat(pull: Pull) -> list[Tensor]:
    return [ravel(params) for params in pull.values()]


def _dot(one: Pull, other: Pull) -> Tensor:
    pairs = zip(_flat(one), _flat(other), strict=True)
    return sum(((a * b).sum() for a, b in pairs), start=torch.zeros(()))
