"""Compatible critic: q(s, a) = V(s) + (a - mu(s)) . J(s) w, with J the Jacobian of the actor."""

from dataclasses import dataclass, replace
from typing import Any

from bench.functional.layers import Net, is_blind
from bench.functional.optim import Optimizer
from bench.functional.pytree import Params, tmap
from bench.functional.wrappers import Compatible
from bench.learner.problem import Player
from bench.learner.strategy import ForwardContext, PostUpdateContext, StartContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Silver et al., 2014 (DPG), theorem 3"
AT_HOME = {
    "claim": "its action gradient is the exact policy gradient",
    "cell": "lqr/bare+compatible_critic",
    "against": "lqr/bare",
    "cause": "its rival can represent the exact value here; the paper has stochastic actor-critics",
}
NEUTRAL = {"on": False}
SEARCH = {"actor_rate": (0.03, 0.1, 0.3)}
AFTER = (
    *("ttur", "low_beta1", "negative_momentum", "weight_decay", "optimistic", "lr_decay"),
    "target_scaling",
    *("weight_norm", "dropout", "layer_norm", "spectral_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
    "simplicial",
)


@dataclass(frozen=True)
class Slower:
    """The steps of `inner`, times `rate`."""

    inner: Any
    rate: float

    def init(self, params: Params) -> Any:
        return self.inner.init(params)

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        moved, state = self.inner.update(params, grads, state)
        return tmap(lambda old, new: old + self.rate * (new - old), params, moved), state


def compatible_critic(*, on: bool = True, actor_rate: float = 0.1) -> Strategy:
    """Compatible critic: q(s, a) = V(s) + (a - mu(s)) . J(s) w, with J the Jacobian of the actor.

    mu is the actor before this update, J its Jacobian with respect to its parameters, and w is
    learned, 0 at the start. Where actions are clipped, so is mu in a - mu(s). V is the task's
    critic, evaluated at action 0. This form of the action gradient, dq/da = J(s) w, is the one for
    which the policy gradient is exact. on = False is neutral. Not applicable, and inert, where the
    actor's input contains noise: the critic does not see the noise behind an action, so it cannot
    know J there. These are all GANs except the two-parameter games.

    Paper against here: DPG fits w by least squares at every actor, and the theorem is about the
    fitted one; here q is learned like any critic, and the actor's steps are `actor_rate` of its
    own, so that w can follow J. On `lqr` it fails without this.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not on or inert(task) or task.players[player] != "critic":
            return value
        actor = task.blueprint().actor.net
        bounded = task.environment is not None
        return replace(value, net=Net((Compatible(value.net, actor, task.obs_size, bounded),)))

    def optimizers(value: Optimizer, player: str, task: Task) -> Optimizer:
        slower = on and not inert(task) and task.players[player] == "actor"
        return Slower(value, actor_rate) if slower else value

    def init_memory(context: StartContext) -> Any:
        return tmap(lambda leaf: leaf.clone(), context.players.actor)

    def forward_params(params: Params, context: ForwardContext) -> Params:
        places = {name.partition("value/")[0] for name in params if "value/" in name}
        return params | {
            f"{place}mu/{name}": leaf for place in places for name, leaf in context.memory.items()
        }

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        return tmap(lambda leaf: leaf.clone(), context.new.actor)

    def inert(task: Task) -> str | None:
        if task.noise_size:
            return "the critic does not see the noise behind an action"
        players = task.blueprint().players
        if all(is_blind(players[name].net) for name in task.having("critic")):
            return "the critic does not see the observation behind an action"
        return None

    return Strategy(
        name="compatible_critic",
        roles=("critic", "actor"),
        beside=("actor",),  # without the critic it would be a rate
        blueprint=blueprint,
        optimizers=optimizers,
        init_memory=init_memory,
        forward_params=forward_params,
        update_memory=update_memory,
        inert=inert,
        after=AFTER,
        plain_actor=True,
    )
