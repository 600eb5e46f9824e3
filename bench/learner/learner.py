"""The learner: one bilevel game, one seed, read from top to bottom. It knows no strategy by name.

    blueprint, optimizers -> fresh -> batch -> view -> weights -> examples (+ penalty)
                          -> grads -> step -> accept

The critic regresses on `reward + discount * value(Q_seen(next_obs, actor_seen(next_obs)))`; the
actor climbs the critic's judgement of its own actions. With discount 0 and rewards 0 and 1 this is
a GAN (Pfau and Vinyals, 2016, arXiv 1610.01945).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from bench.functional import pytree, rng
from bench.functional.layers import trunk
from bench.functional.pytree import Params
from bench.learner.integrators import Core, Slope, Step, alternating, begin
from bench.learner.strategy import After, At, Place, Plan, Use, View
from bench.learner.task import Blueprint, Examples, Experience, Task

P = TypeVar("P", bound=Place)
Ahead = Callable[[Core], Core] | None


class State(NamedTuple):
    """What is carried from update to update."""

    core: Core
    slots: dict[str, Any]  # strategy name -> its private memory


class Info(NamedTuple):
    """What is reported of an update; scalars."""

    critic_loss: Tensor
    actor_loss: Tensor
    critic_grad_norm: Tensor
    actor_grad_norm: Tensor


@dataclass(frozen=True)
class Learner:
    """A task and a plan, ready to learn. `default_step` serves if no strategy owns `step`."""

    game: Task
    plan: Plan
    default_step: Step = alternating

    @cached_property
    def blueprint(self) -> Blueprint:
        """Both players as they will be built: the task's, changed by the strategies."""
        return self.plan.blueprint(self.game)

    def init(self, key: Tensor) -> State:
        """The state before the first update, from the seed's key (int64 scalar)."""
        key = rng.fold(key, "init")
        core = begin(self.blueprint, self.game, key)
        slots = {
            part.name: part.call(core, self.game, rng.fold(key, part.name))
            for part in self.plan.parts["slot"]
        }
        return State(core, slots)

    def policy(self, state: State) -> Params:
        """The actor that is evaluated."""
        owner = self.plan.owner("policy")
        if owner is None:
            return state.core.actor
        return owner.call(state.core.actor, state.slots.get(owner.name))

    def act(self, actor: Params, obs: Tensor, key: Tensor) -> Tensor:
        """The actor's actions [B, A] at observations [B, O], with fresh noise from `key`."""
        size = self.game.noise_size + self.blueprint.extra_noise
        if size:
            noise = rng.normal(rng.fold(key, "noise"), (obs.shape[0], size))
            obs = torch.cat([obs, noise], dim=1)
        return self.blueprint.actor.net.apply(actor, obs)

    def decide(self, state: State, obs: Tensor, key: Tensor) -> Tensor:
        """The actions [B, A] of the actor that is evaluated."""
        return self.act(self.evaluated(state), obs, key)

    def evaluated(self, state: State) -> Params:
        """The parameters behind those actions: the policy's, as used in a forward pass."""
        return self._weights(state, self.policy(state), "actor")

    def appraise(self, state: State, obs: Tensor, key: Tensor) -> Tensor:
        """The critic's values [B] of what the evaluated actor does at observations [B, O]."""
        return self.game.value(self.assess(state, obs, self.decide(state, obs, key)))

    def assess(self, state: State, obs: Tensor, action: Tensor) -> Tensor:
        """The critic's outputs [B] for actions [B, A] at observations [B, O]."""
        critic = self._weights(state, state.core.critic, "critic")
        return self.blueprint.judgement(self._heads(critic, torch.cat([obs, action], 1)))

    def behave(self, state: State, obs: Tensor, key: Tensor) -> Tensor:
        """The actions [B, A] to try in an environment before this update."""
        key = rng.fold(key, state.core.step)
        actor = self._weights(state, state.core.actor, "actor")
        action = self.act(actor, obs, rng.fold(key, "fresh"))
        return self.game.explore(action, rng.fold(key, "explore"), state.core.step)

    def update(self, state: State, seen: Experience, key: Tensor) -> tuple[State, Info]:
        """One move of both players. `seen` is what the environment showed since the last one."""
        key = rng.fold(key, state.core.step)

        reading = self._reading(state, key)

        def field(player: str, point: Core, ahead: Ahead = None) -> Slope:
            batch = self._fresh(state, point, seen, key)
            at = At(**vars(reading), core=point, player=player, batch=batch)
            return self._slope(at, ahead, state)

        owner = self.plan.owner("step")
        step = self.default_step if owner is None else owner.call
        core, slopes = step(state.core, field, self._move)
        if self.game.warmup:
            learns = state.core.step >= self.game.warmup
            core = pytree.tmap(partial(torch.where, learns), core, state.core)
        core = core._replace(step=state.core.step + 1)
        after = After(
            **vars(reading),
            old=state.core,
            new=core,
            fresh=self._fresh(state, state.core, seen, key),
            losses={player: slope.loss for player, slope in slopes.items()},
            init=partial(begin, self.blueprint, self.game),
        )
        after = replace(after, new=self._chain("accept", core, after, state))
        slots = dict(state.slots)
        for part in self.plan.parts["refresh"]:
            slots[part.name] = part.call(slots[part.name], self._own(after, part.name, state))
        critic, actor = slopes["critic"], slopes["actor"]
        norms = pytree.norm(critic.grads), pytree.norm(actor.grads)
        info = Info(critic.loss, actor.loss, *norms)
        return State(after.new, slots), info

    def _slope(self, at: At, ahead: Ahead, state: State) -> Slope:
        """One player's gradient and loss at a point, or at what `ahead` makes of it."""
        player, point = at.player, at.core
        at = replace(at, batch=self._chain("batch", at.batch, at, state))
        loss_of = self._critic_loss if player == "critic" else self._actor_loss

        def loss(params: Params) -> Tensor:
            changed: dict[str, Any] = {player: params}
            core = point._replace(**changed)
            live = replace(at, core=core if ahead is None else ahead(core))
            # What the critic's target is built from is a constant to the critic itself.
            view = View(point.actor, point.critic, live.core.critic)
            total = loss_of(live, self._chain("view", view, live, state), state)
            for part in self.plan.parts["penalty"]:
                total = total + part.call(self._own(live, part.name, state))
            return total

        grads, value = torch.func.grad_and_value(loss)(getattr(point, player))
        return Slope(self._chain("grads", grads, at, state), value)

    def _critic_loss(self, at: At, view: View, state: State) -> Tensor:
        batch, target, ahead = at.batch, at.batch.reward, None
        if self.game.discount > 0.0:  # a stateless game has no next value to look at
            action = at.act(view.target_actor, batch.next_obs, rng.fold(at.key, "target"))
            ahead = Examples.asking("target", batch.next_obs, action)
            ahead = self._chain("examples", ahead, at, state)
            critic = self._weights(state, view.target_critic, "critic", rng.fold(at.key, "target"))
            q = self.blueprint.judgement(self._heads(critic, _rows(ahead), batch))
            target = target + batch.discount * self.game.value(q)
        examples = Examples.asking("critic", batch.obs, batch.action)
        examples = examples._replace(target=target, anchor=self.game.anchor(target))
        examples = self._chain("examples", examples, at, state)
        critic = self._weights(state, at.core.critic, "critic", rng.fold(at.key, "critic"))
        heads = self._heads(critic, _rows(examples), ahead).unbind(1)
        losses = [self.game.critic_loss(q - examples.offset, examples.target) for q in heads]
        return torch.stack([(examples.weight * loss).mean() for loss in losses]).sum()

    def _actor_loss(self, at: At, view: View, state: State) -> Tensor:
        obs = self.game.actor_obs(at.batch)
        action = at.act(at.core.actor, obs, rng.fold(at.key, "actor"))
        examples = self._chain("examples", Examples.asking("actor", obs, action), at, state)
        q = at.q(view.critic, examples.obs, examples.action) - examples.offset
        return (examples.weight * self.game.actor_loss(q)).mean()

    def _fresh(self, state: State, point: Core, seen: Experience, key: Tensor) -> Experience:
        actor = self._weights(state, point.actor, "actor", rng.fold(key, "fresh"))
        return self.game.fresh(partial(self.act, actor), key, state.core.step, seen)

    def _heads(self, critic: Params, rows: Tensor, beside: Any = None) -> Tensor:
        """The critic's outputs [B, heads]; in joint passes it is shown `beside` as well."""
        net = self.blueprint.critic.net
        if beside is None or not self.blueprint.joint:
            return net.apply(critic, rows)
        return net.apply(critic, torch.cat([rows, _rows(beside)]))[: rows.shape[0]]

    def _move(self, core: Core, player: str, grads: Params) -> Core:
        optimizer = getattr(self.blueprint, player).optimizer
        params, opt = optimizer.update(getattr(core, player), grads, getattr(core, f"{player}_opt"))
        changed: dict[str, Any] = {player: params, f"{player}_opt": opt}
        return core._replace(**changed)

    def _weights(
        self, state: State, params: Params, player: str, key: Tensor | None = None
    ) -> Params:
        """Parameters as they are used in a forward pass, which has no key in an evaluation."""
        for part in self.plan.parts["weights"]:
            own = None if key is None else rng.fold(key, part.name)
            params = part.call(params, Use(player, state.slots.get(part.name), own))
        return params

    def _reading(self, state: State, key: Tensor) -> Place:
        """What any contribution may read, before `_own` gives it to one strategy."""
        judging, acting = rng.fold(key, "judge"), rng.fold(key, "act")

        def q(critic: Params, obs: Tensor, action: Tensor) -> Tensor:
            critic = self._weights(state, critic, "critic", judging)
            return self.blueprint.judgement(self._heads(critic, torch.cat([obs, action], 1)))

        def features(critic: Params, obs: Tensor, action: Tensor) -> Tensor:
            critic = self._weights(state, critic, "critic", judging)
            net = trunk(self.blueprint.critic.net)
            return net.apply(critic, torch.cat([obs, action], 1)).flatten(1)

        def act(actor: Params, obs: Tensor, use: Tensor) -> Tensor:
            return self.act(self._weights(state, actor, "actor", acting), obs, use)

        return Place(game=self.game, slot=None, key=key, q=q, features=features, act=act)

    def _own(self, place: P, name: str, state: State) -> P:
        """The same place as one strategy sees it: its memory, its randomness."""
        return replace(place, slot=state.slots.get(name), key=rng.fold(place.key, name))

    def _chain(self, value: str, thing: Any, place: Place, state: State) -> Any:
        for part in self.plan.parts[value]:
            thing = part.call(thing, self._own(place, part.name, state))
        return thing


def _rows(asked: Any) -> Tensor:
    """Observations and actions side by side, as a critic is shown them [B, O + A]."""
    return torch.cat([asked.obs, asked.action], dim=1)
