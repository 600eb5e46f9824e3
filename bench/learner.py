"""The learner: one bilevel game, one seed, read from top to bottom. It knows no strategy by name.

    blueprint -> fresh -> batch -> view -> weights -> examples (+ penalty)
              -> grads -> step -> accept

The critic regresses on `reward + discount * value(Q_seen(next_obs, actor_seen(next_obs)))`; the
actor climbs the critic's judgement of its own actions. With discount 0 and rewards 0 and 1 this is
a GAN (Pfau and Vinyals, 2016, arXiv 1610.01945).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench import rng, trees
from bench.game import Blueprint, Examples, Experience, Task
from bench.steps import Core, Step, alternating
from bench.strategy import After, At, Plan, View
from bench.trees import Params


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
        blueprint = self.game.blueprint()
        for part in self.plan.parts["blueprint"]:
            blueprint = part.call(blueprint, self.game)
        return blueprint

    def init(self, key: Tensor) -> State:
        """The state before the first update, from the seed's key (int64 scalar)."""
        game, actor, critic = self.game, self.blueprint.actor, self.blueprint.critic
        key = rng.fold(key, "init")
        asked, judged = game.obs_size + game.noise_size, game.obs_size + game.action_size
        actor_params, _ = actor.net.init(rng.fold(key, "actor"), (asked,))
        critic_params, _ = critic.net.init(rng.fold(key, "critic"), (judged,))
        core = Core(
            actor=actor_params,
            critic=critic_params,
            actor_opt=actor.optimizer.init(actor_params),
            critic_opt=critic.optimizer.init(critic_params),
            step=torch.zeros_like(key),
        )
        slots = {
            part.name: part.call(core, game, rng.fold(key, part.name))
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
        if self.game.noise_size:
            noise = rng.normal(rng.fold(key, "noise"), (obs.shape[0], self.game.noise_size))
            obs = torch.cat([obs, noise], dim=1)
        return self.blueprint.actor.net.apply(actor, obs)

    def decide(self, state: State, obs: Tensor, key: Tensor) -> Tensor:
        """The actions [B, A] of the actor that is evaluated."""
        return self.act(self.evaluated(state), obs, key)

    def evaluated(self, state: State) -> Params:
        """The parameters behind those actions: the policy's, as used in a forward pass."""
        return self._weights(state, self.policy(state), "actor")

    def appraise(self, state: State, obs: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """The evaluated actor's actions [B, A], and the critic's values [B] of them."""
        action = self.decide(state, obs, key)
        return action, self.game.value(self.assess(state, obs, action))

    def assess(self, state: State, obs: Tensor, action: Tensor) -> Tensor:
        """The critic's outputs [B] for actions [B, A] at observations [B, O]."""
        return self._judgement(self._weights(state, state.core.critic, "critic"), obs, action)

    def behave(self, state: State, obs: Tensor, key: Tensor) -> Tensor:
        """The actions [B, A] to try in an environment before this update."""
        key = rng.fold(key, state.core.step)
        actor = self._weights(state, state.core.actor, "actor")
        action = self.act(actor, obs, rng.fold(key, "fresh"))
        return self.game.explore(action, rng.fold(key, "explore"), state.core.step)

    def update(self, state: State, seen: Experience, key: Tensor) -> tuple[State, Info]:
        """One move of both players. `seen` is what the environment showed since the last one."""
        key = rng.fold(key, state.core.step)
        grads: dict[str, Params] = {}
        losses: dict[str, Tensor] = {}

        def field(player: str, point: Core) -> Params:
            grads[player], losses[player] = self._gradient(player, point, state, seen, key)
            return grads[player]

        owner = self.plan.owner("step")
        step = self.default_step if owner is None else owner.call
        core = step(state.core, field, self._move)
        core = core._replace(step=state.core.step + 1)
        fresh = self._fresh(state, state.core, seen, key)
        at = self._at(state, key, state.core, "both", fresh)
        core = self._chain("accept", core, at, state)
        slots = dict(state.slots)
        for part in self.plan.parts["refresh"]:
            after = After(self.game, state.core, core, fresh, grads, rng.fold(key, part.name))
            slots[part.name] = part.call(slots[part.name], after)
        info = Info(
            critic_loss=losses["critic"],
            actor_loss=losses["actor"],
            critic_grad_norm=trees.norm(grads["critic"]),
            actor_grad_norm=trees.norm(grads["actor"]),
        )
        return State(core, slots), info

    def _gradient(
        self, player: str, point: Core, state: State, seen: Experience, key: Tensor
    ) -> tuple[Params, Tensor]:
        """One player's gradient and loss at a point."""
        batch = self._fresh(state, point, seen, key)
        at = self._at(state, key, point, player, batch)
        batch = self._chain("batch", batch, at, state)
        at = replace(at, batch=batch)
        view = self._chain("view", View(point.actor, point.critic, point.critic), at, state)
        loss_of = self._critic_loss if player == "critic" else self._actor_loss

        def loss(params: Params) -> Tensor:
            changed: dict[str, Any] = {player: params}
            live = replace(at, core=point._replace(**changed))
            total = loss_of(live, view, state)
            for part in self.plan.parts["penalty"]:
                total = total + part.call(self._own(live, part.name, state))
            return total

        grads, value = torch.func.grad_and_value(loss)(getattr(point, player))
        return self._chain("grads", grads, at, state), value

    def _critic_loss(self, at: At, view: View, state: State) -> Tensor:
        batch, target, nothing = at.batch, at.batch.reward, torch.zeros(())
        if self.game.discount > 0.0:  # a stateless game has no next value to look at
            action = at.act(view.target_actor, batch.next_obs, rng.fold(at.key, "target"))
            ahead = Examples("target", batch.next_obs, action, nothing, nothing)
            ahead = self._chain("examples", ahead, at, state)
            q = at.q(view.target_critic, ahead.obs, ahead.action)
            target = target + batch.discount * self.game.value(q)
        anchor = self.game.anchor(target)
        examples = Examples("critic", batch.obs, batch.action, target, anchor)
        examples = self._chain("examples", examples, at, state)
        critic = self._weights(state, at.core.critic, "critic")
        heads = self._heads(critic, examples.obs, examples.action)
        total = self.game.critic_loss(heads[:, 0], examples.target).mean()
        for head in range(1, heads.shape[1]):
            total = total + self.game.critic_loss(heads[:, head], examples.target).mean()
        return total

    def _actor_loss(self, at: At, view: View, state: State) -> Tensor:
        obs = self.game.actor_obs(at.batch)
        action = at.act(at.core.actor, obs, rng.fold(at.key, "actor"))
        nothing = torch.zeros(())
        examples = Examples("actor", obs, action, nothing, nothing)
        examples = self._chain("examples", examples, at, state)
        return self.game.actor_loss(at.q(view.critic, examples.obs, examples.action)).mean()

    def _fresh(self, state: State, point: Core, seen: Experience, key: Tensor) -> Experience:
        actor = self._weights(state, point.actor, "actor")
        act = lambda obs, use: self.act(actor, obs, use)  # noqa: E731
        return self.game.fresh(act, key, state.core.step, seen)

    def _heads(self, critic: Params, obs: Tensor, action: Tensor) -> Tensor:
        """The critic's outputs [B, heads]."""
        return self.blueprint.critic.net.apply(critic, torch.cat([obs, action], dim=1))

    def _judgement(self, critic: Params, obs: Tensor, action: Tensor) -> Tensor:
        """One number [B] from all heads."""
        heads = self._heads(critic, obs, action)
        if heads.shape[1] == 1:
            return heads[:, 0]
        return heads.amin(dim=1) if self.blueprint.heads == "min" else heads.mean(dim=1)

    def _move(self, core: Core, player: str, grads: Params) -> Core:
        optimizer = getattr(self.blueprint, player).optimizer
        params, opt = optimizer.update(getattr(core, player), grads, getattr(core, f"{player}_opt"))
        changed: dict[str, Any] = {player: params, f"{player}_opt": opt}
        return core._replace(**changed)

    def _weights(self, state: State, params: Params, player: str) -> Params:
        """Parameters as they are used in a forward pass."""
        for part in self.plan.parts["weights"]:
            params = part.call(params, player, state.slots.get(part.name))
        return params

    def _at(self, state: State, key: Tensor, core: Core, player: str, batch: Experience) -> At:
        def q(critic: Params, obs: Tensor, action: Tensor) -> Tensor:
            return self._judgement(self._weights(state, critic, "critic"), obs, action)

        def act(actor: Params, obs: Tensor, use: Tensor) -> Tensor:
            return self.act(self._weights(state, actor, "actor"), obs, use)

        return At(self.game, core, None, key, player, batch, q, act)

    def _own(self, at: At, name: str, state: State) -> At:
        """The same place as one strategy sees it: its memory, its randomness."""
        return replace(at, slot=state.slots.get(name), key=rng.fold(at.key, name))

    def _chain(self, value: str, thing: Any, at: At, state: State) -> Any:
        for part in self.plan.parts[value]:
            thing = part.call(thing, self._own(at, part.name, state))
        return thing
