"""Gives the critic the one kind of action slope that makes the policy gradient exact."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from bench.game import Blueprint, Task
from bench.nets import Net, Shape
from bench.steps import Core
from bench.strategy import After, Strategy, Use
from bench.trees import Params, tmap

HOME = "rl"
SOURCE = "Silver et al., 2014 (DPG), theorem 3"
NEUTRAL = {"on": False}
AFTER = (
    *("weight_norm", "dropout", "target_scaling", "layer_norm", "spectral_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
)


@dataclass(frozen=True)
class Compatible:
    """q(s, a) = V(s) + (a - mu(s)) . J(s) w, J the Jacobian of the actor mu in its parameters.

    Parameters: "value/..." of V; "w/..." shaped like the actor's; the actor's own, "mu/...", are
    added by `weights`.
    """

    value: Net
    actor: Net
    obs_size: int

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        value, _ = self.value.init(key, shape)
        actor, _ = self.actor.init(key, (self.obs_size,))
        params = {f"value/{name}": leaf for name, leaf in value.items()}
        return params | {f"w/{name}": 0.0 * leaf for name, leaf in actor.items()}, (1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        obs, action = x[:, : self.obs_size], x[:, self.obs_size :]
        mu = _part(params, "mu/")
        w = {name: params[f"w/{name}"] for name in mu}
        answer, pull = torch.func.vjp(lambda p: self.actor.apply(p, obs), mu)[:2]
        # J w as the derivative of u -> J'u along w: reverse mode twice.
        slope = torch.func.vjp(lambda u: pull(u)[0], torch.zeros_like(answer))[1](w)[0]
        linear = ((action - answer) * slope).sum(dim=1, keepdim=True)
        at_rest = torch.cat([obs, torch.zeros_like(action)], dim=1)
        return linear + self.value.apply(_part(params, "value/"), at_rest)


def _part(params: Params, prefix: str) -> Params:
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}


def compatible_critic(*, on: bool = True) -> Strategy:
    """Gives the critic the one kind of action slope that makes the policy gradient exact.

    q(s, a) = V(s) + (a - mu(s)) . J(s) w, where mu is the actor before this update, J its Jacobian
    in its parameters and w learned, 0 at the start; V is the task's critic, shown the action 0. on
    = False is neutral. n/a, and inert, where the actor draws noise: the critic does not see the
    noise behind an action, so that it cannot know J there. That is every GAN but the point games.

    Paper against here: DPG fits w by least squares; here q is learned like any critic.
    """

    def blueprint(value: Blueprint, game: Task) -> Blueprint:
        if not on or inert(game):
            return value
        layer = Compatible(value.critic.net, value.actor.net, game.obs_size)
        return replace(value, critic=replace(value.critic, net=Net((layer,))))

    def slot(core: Core, game: Task, key: Tensor) -> Any:
        return tmap(lambda leaf: leaf.clone(), core.actor)

    def weights(params: Params, use: Use) -> Params:
        if use.player == "actor":
            return params
        places = {name.partition("value/")[0] for name in params if "value/" in name}
        return params | {
            f"{place}mu/{name}": leaf for place in places for name, leaf in use.slot.items()
        }

    def refresh(memory: Any, after: After) -> Any:
        return tmap(lambda leaf: leaf.clone(), after.new.actor)

    def inert(game: Task) -> str | None:
        return "the critic does not see the noise behind an action" if game.noise_size else None

    return Strategy(
        name="compatible_critic",
        blueprint=blueprint,
        slot=slot,
        weights=weights,
        refresh=refresh,
        inert=inert,
        after=AFTER,
        excludes={"entropy": "an actor with noise has no compatible critic; leave one of them out"},
    )
