"""The learner: one update of both players, for one seed. It knows no strategy by name.

    blueprint, optimizers -> fresh -> batch -> target_params -> forward_params
        -> critic_query (+ penalty) -> grads -> integrator -> accept

The critic is regressed on the TD target
`reward + discount * value(Q_seen(next_obs, actor_seen(next_obs)))`, where `_seen` means with the
parameters in `target_params`; the actor is trained through the critic's outputs for its own
actions. With discount 0 and rewards 0 and 1 this is a GAN (Pfau and Vinyals, 2016, arXiv
1610.01945).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from bench.functional import pytree, rng
from bench.functional.layers import trunk
from bench.functional.pytree import Params
from bench.learner.integrators import GradAndLoss, Integrator, alternating
from bench.learner.problem import Blueprint, CriticQuery, Experience, critic_inputs
from bench.learner.state import Info, LearnerState, TrainState, init_players
from bench.learner.strategy import (
    Context,
    ForwardContext,
    LossContext,
    Plan,
    PostUpdateContext,
    TargetParams,
)
from bench.learner.task import Task

C = TypeVar("C", bound=Context)
Ahead = Callable[[TrainState], TrainState] | None


@dataclass(frozen=True)
class Learner:
    """A task with a combination of strategies (a plan): initial state, update and evaluation.

    `default_integrator` is used if no strategy owns `integrator`.
    """

    task: Task
    plan: Plan
    default_integrator: Integrator = alternating

    @cached_property
    def blueprint(self) -> Blueprint:
        """Both players' networks and optimizers: the task's, changed by the strategies."""
        return self.plan.blueprint(self.task)

    def init(self, key: Tensor) -> LearnerState:
        """Return the state before the first update, from the seed's key (int64 scalar)."""
        key = rng.fold(key, "init")
        players = init_players(self.blueprint, self.task, key)
        memories = {
            part.name: part.call(players, self.task, rng.fold(key, part.name))
            for part in self.plan.parts["init_memory"]
        }
        return LearnerState(players, memories)

    def policy(self, state: LearnerState) -> Params:
        """Return the parameters of the actor that is evaluated, such as an average over updates."""
        owner = self.plan.owner("policy")
        if owner is None:
            return state.players.actor
        return owner.call(state.players.actor, state.memories.get(owner.name))

    def act(self, actor: Params, obs: Tensor, key: Tensor) -> Tensor:
        """Return the actor's actions [B, A] at observations [B, O]; `key` draws input noise."""
        size = self.task.noise_size + self.blueprint.extra_noise
        if size:
            noise = rng.normal(rng.fold(key, "noise"), (obs.shape[0], size))
            obs = torch.cat([obs, noise], dim=1)
        return self.blueprint.actor.net.apply(actor, obs)

    def eval_action(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return the evaluated actor's actions [B, A] at observations [B, O]."""
        return self.act(self.eval_params(state), obs, key)

    def eval_params(self, state: LearnerState) -> Params:
        """Return the evaluated actor's parameters, as used in a forward pass."""
        return self._forward_params(state, self.policy(state), "actor")

    def state_value(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return the critic's values [B] of observations [B, O] under the evaluated actor.

        On the scale of the reward, as used for bootstrapping.
        """
        return self.task.value(self.q_value(state, obs, self.eval_action(state, obs, key)))

    def q_value(self, state: LearnerState, obs: Tensor, action: Tensor) -> Tensor:
        """Return the critic's outputs [B] for actions [B, A] at observations [B, O]."""
        critic = self._forward_params(state, state.players.critic, "critic")
        return self.blueprint.reduce_heads(self._heads(critic, torch.cat([obs, action], 1)))

    def explore_action(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return actions [B, A] at observations [B, O], with exploration noise, to step with."""
        key = rng.fold(key, state.players.step)
        actor = self._forward_params(state, state.players.actor, "actor")
        action = self.act(actor, obs, rng.fold(key, "fresh"))
        return self.task.explore(action, rng.fold(key, "explore"), state.players.step)

    def update(
        self, state: LearnerState, seen: Experience, key: Tensor
    ) -> tuple[LearnerState, Info]:
        """Make one update of both players; return the new state and what is reported of it.

        `seen` is the environment's experience since the last update.
        """
        key = rng.fold(key, state.players.step)
        shared = self._context(state, key)

        def grad_fn(player: str, point: TrainState, ahead: Ahead = None) -> GradAndLoss:
            batch = self._fresh(state, point, seen, key)
            context = LossContext(**vars(shared), players=point, player=player, batch=batch)
            return self._grad_and_loss(context, ahead, state)

        owner = self.plan.owner("integrator")
        integrate = self.default_integrator if owner is None else owner.call
        players, gradients = integrate(state.players, grad_fn, self._apply_gradients)
        if self.task.warmup:
            learns = state.players.step >= self.task.warmup
            players = pytree.tmap(partial(torch.where, learns), players, state.players)
        players = players._replace(step=state.players.step + 1)
        context = PostUpdateContext(
            **vars(shared),
            old=state.players,
            new=players,
            fresh=self._fresh(state, state.players, seen, key),
            losses={player: gradient.loss for player, gradient in gradients.items()},
            init=partial(init_players, self.blueprint, self.task),
        )
        context = replace(context, new=self._chain("accept", players, context, state))
        memories = dict(state.memories)
        for part in self.plan.parts["update_memory"]:
            own = self._own(context, part.name, state)
            memories[part.name] = part.call(memories[part.name], own)
        critic, actor = gradients["critic"], gradients["actor"]
        norms = pytree.norm(critic.grads), pytree.norm(actor.grads)
        return LearnerState(context.new, memories), Info(critic.loss, actor.loss, *norms)

    def _grad_and_loss(
        self, context: LossContext, ahead: Ahead, state: LearnerState
    ) -> GradAndLoss:
        """Return one player's gradient and loss at `context.players`, through `ahead` if given."""
        player, point = context.player, context.players
        context = replace(context, batch=self._chain("batch", context.batch, context, state))
        loss_of = self._critic_loss if player == "critic" else self._actor_loss

        def loss(params: Params) -> Tensor:
            changed: dict[str, Any] = {player: params}
            moved = point._replace(**changed)
            live = replace(context, players=moved if ahead is None else ahead(moved))
            # The TD target uses `point`, which is constant for the critic's own gradient.
            target_params = TargetParams(point.actor, point.critic, live.players.critic)
            target_params = self._chain("target_params", target_params, live, state)
            total = loss_of(live, target_params, state)
            for part in self.plan.parts["penalty"]:
                total = total + part.call(self._own(live, part.name, state))
            return total

        grads, value = torch.func.grad_and_value(loss)(getattr(point, player))
        return GradAndLoss(self._chain("grads", grads, context, state), value)

    def _critic_loss(
        self, context: LossContext, target_params: TargetParams, state: LearnerState
    ) -> Tensor:
        batch, target, next_query = context.batch, context.batch.reward, None
        if self.task.discount > 0.0:  # a stateless game has nothing to bootstrap from
            key = rng.fold(context.key, "target")
            action = context.act(target_params.target_actor, batch.next_obs, key)
            next_query = CriticQuery.without_target("target", batch.next_obs, action)
            next_query = self._chain("critic_query", next_query, context, state)
            critic = self._forward_params(state, target_params.target_critic, "critic", key)
            q = self.blueprint.reduce_heads(self._heads(critic, critic_inputs(next_query), batch))
            target = target + batch.discount * self.task.value(q)
        query = CriticQuery.without_target("critic", batch.obs, batch.action)
        query = query._replace(target=target, uninformed=self.task.uninformed(target))
        query = self._chain("critic_query", query, context, state)
        key = rng.fold(context.key, "critic")
        critic = self._forward_params(state, context.players.critic, "critic", key)
        heads = self._heads(critic, critic_inputs(query), next_query).unbind(1)
        losses = [self.task.critic_loss(q - query.offset, query.target) for q in heads]
        return torch.stack([(query.weight * loss).mean() for loss in losses]).sum()

    def _actor_loss(
        self, context: LossContext, target_params: TargetParams, state: LearnerState
    ) -> Tensor:
        obs = self.task.actor_obs(context.batch)
        action = context.act(context.players.actor, obs, rng.fold(context.key, "actor"))
        query = CriticQuery.without_target("actor", obs, action)
        query = self._chain("critic_query", query, context, state)
        q = context.q(target_params.critic, query.obs, query.action) - query.offset
        return (query.weight * self.task.actor_loss(q)).mean()

    def _fresh(
        self, state: LearnerState, point: TrainState, seen: Experience, key: Tensor
    ) -> Experience:
        actor = self._forward_params(state, point.actor, "actor", rng.fold(key, "fresh"))
        return self.task.fresh(partial(self.act, actor), key, state.players.step, seen)

    def _heads(self, critic: Params, rows: Tensor, beside: Any = None) -> Tensor:
        """Return the critic's outputs [B, heads] for input rows [B, O + A].

        In a joint pass, the rows of `beside` go through the network in the same batch.
        """
        net = self.blueprint.critic.net
        if beside is None or not self.blueprint.joint:
            return net.apply(critic, rows)
        return net.apply(critic, torch.cat([rows, critic_inputs(beside)]))[: rows.shape[0]]

    def _apply_gradients(self, point: TrainState, player: str, grads: Params) -> TrainState:
        optimizer = getattr(self.blueprint, player).optimizer
        opt_state = getattr(point, f"{player}_opt")
        params, opt_state = optimizer.update(getattr(point, player), grads, opt_state)
        changed: dict[str, Any] = {player: params, f"{player}_opt": opt_state}
        return point._replace(**changed)

    def _forward_params(
        self, state: LearnerState, params: Params, player: str, key: Tensor | None = None
    ) -> Params:
        """Return parameters as used in a forward pass; evaluations have no key."""
        for part in self.plan.parts["forward_params"]:
            own = None if key is None else rng.fold(key, part.name)
            params = part.call(params, ForwardContext(player, state.memories.get(part.name), own))
        return params

    def _context(self, state: LearnerState, key: Tensor) -> Context:
        """Return what every contribution may read; `_own` adds one strategy's memory and key."""
        judging, acting = rng.fold(key, "judge"), rng.fold(key, "act")

        def q(critic: Params, obs: Tensor, action: Tensor) -> Tensor:
            critic = self._forward_params(state, critic, "critic", judging)
            return self.blueprint.reduce_heads(self._heads(critic, torch.cat([obs, action], 1)))

        def features(critic: Params, obs: Tensor, action: Tensor) -> Tensor:
            critic = self._forward_params(state, critic, "critic", judging)
            net = trunk(self.blueprint.critic.net)
            return net.apply(critic, torch.cat([obs, action], 1)).flatten(1)

        def act(actor: Params, obs: Tensor, noise_key: Tensor) -> Tensor:
            return self.act(self._forward_params(state, actor, "actor", acting), obs, noise_key)

        return Context(task=self.task, memory=None, key=key, q=q, features=features, act=act)

    def _own(self, context: C, name: str, state: LearnerState) -> C:
        """Return the context for one strategy: with its memory and its key."""
        key = rng.fold(context.key, name)
        return replace(context, memory=state.memories.get(name), key=key)

    def _chain(self, value: str, thing: Any, context: Context, state: LearnerState) -> Any:
        """Return a chain value after every contributing strategy has transformed it in turn."""
        for part in self.plan.parts[value]:
            thing = part.call(thing, self._own(context, part.name, state))
        return thing
