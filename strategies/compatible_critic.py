"""Gives the critic the one kind of action slope that makes the policy gradient exact."""

from typing import Any

from torch import Tensor

from bench.functional.layers import Net
from bench.functional.pytree import Params, tmap
from bench.functional.wrappers import Compatible, with_critic
from bench.learner.integrators import Core
from bench.learner.strategy import After, Strategy, Use
from bench.learner.task import Blueprint, Task

HOME = "rl"
SOURCE = "Silver et al., 2014 (DPG), theorem 3"
NEUTRAL = {"on": False}
AFTER = (
    *("weight_norm", "dropout", "target_scaling", "layer_norm", "spectral_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
)


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
        actor = value.actor.net
        return with_critic(value, lambda net: Net((Compatible(net, actor, game.obs_size),)))

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
