"""The learner: one update of all players, for one seed. It knows no strategy by name.

    blueprint, optimizers -> fresh -> batch -> target_params -> forward_params
        -> critic_query (+ penalty) -> grads -> integrator -> accept

A critic is regressed on the TD target
`reward + discount * value(Q_given(next_obs, actor_given(next_obs)))`, where `_given` means with the
parameters in `target_params`; a model minimises its own loss; the actor climbs what it is judged
by, a critic's outputs for its own actions. With one critic, discount 0 and rewards 0 and 1 this is
a GAN (Pfau and Vinyals, 2016, arXiv 1610.01945). Only "actor" and "critic", its judge, are fixed
names, as in `bench.learner.problem`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from bench.functional import pytree, rng
from bench.functional.pytree import Params
from bench.learner.contexts import Context, LossContext, PostUpdateContext, StartContext
from bench.learner.forward import Change, Forward, Seen
from bench.learner.integrators import Ahead, GradAndLoss, Integrator, alternating
from bench.learner.problem import Blueprint, CriticQuery, Experience
from bench.learner.state import Info, LearnerState, TrainState, init_players
from bench.learner.strategy import Given, Part, Plan
from bench.learner.task import Task

C = TypeVar("C", bound=Context)
At = Callable[[TrainState], LossContext]


@dataclass(frozen=True)
class Learner:
    """A task with a combination of strategies (a plan): initial state, update and evaluation.

    `default_integrator` is used if no strategy owns `integrator`; `order` is the order of play, if
    it is not the task's.
    """

    task: Task
    plan: Plan
    default_integrator: Integrator = alternating
    order: tuple[str, ...] = ()

    @cached_property
    def blueprint(self) -> Blueprint:
        """All players' networks and optimizers: the task's, changed by the strategies."""
        return self.plan.blueprint(self.task)

    def init(self, key: Tensor) -> LearnerState:
        """Return the state before the first update, from the seed's key (int64 scalar)."""
        key = rng.fold(key, "init")
        players = init_players(self.blueprint, self.task, key)
        memories = {}
        for part in self.plan.parts["init_memory"]:
            own = rng.fold(key, part.strategy.name)
            start = StartContext(self.task, part.strategy.mine(self.task), players, own)
            memories[part.name] = part.call(start)
        return LearnerState(players, memories)

    def policy(self, state: LearnerState) -> Params:
        """Return the parameters of the actor that is evaluated, such as an average over updates."""
        owner = self.plan.owner("policy")
        if owner is None:
            return state.players.actor
        return owner.call(state.players.actor, state.memories.get(owner.name))

    def act(self, actor: Params, obs: Tensor, key: Tensor) -> Tensor:
        """Return the actions [B, A] of an actor with parameters as used in a forward pass."""
        return Forward(self.task, self.blueprint, lambda player: ()).bare_act(actor, obs, key)

    def eval_action(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return the evaluated actor's actions [B, A] at observations [B, O]: its mode."""
        return self._forward(state).mode(self.policy(state), obs, key)

    def eval_params(self, state: LearnerState) -> Params:
        """Return the evaluated actor's parameters, as used in a forward pass."""
        return self._forward(state).params("actor", self.policy(state))

    def state_value(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return the judge's values [B] of observations [B, O] under the evaluated actor.

        On the scale of the reward, as used for bootstrapping.
        """
        q = self.says(state, "critic", obs, self.eval_action(state, obs, key))
        return self.task.rules("critic").value(q)

    def says(self, state: LearnerState, player: str, obs: Tensor, action: Tensor) -> Tensor:
        """Return what a player says of actions [B, A] at observations [B, O]; nothing is random.

        A critic's outputs [B], a model's [B, K].
        """
        return self._forward(state).seen(state.players.params, rng.seed_key(0))(player, obs, action)

    def explore_action(self, state: LearnerState, obs: Tensor, key: Tensor) -> Tensor:
        """Return actions [B, A] at observations [B, O], with exploration noise, to step with."""
        key = rng.fold(key, state.players.step)
        action = self._forward(state).act(state.players.actor, obs, rng.fold(key, "fresh"))
        return self.task.explore(action, rng.fold(key, "explore"), state.players.step)

    def update(
        self, state: LearnerState, seen: Experience, key: Tensor
    ) -> tuple[LearnerState, Info]:
        """Make one update of all players; return the new state and what is reported of it.

        `seen` is the environment's experience since the last update.
        """
        key = rng.fold(key, state.players.step)
        shared: dict[str, Any] = {"task": self.task, "mine": (), "memory": None, "key": key}
        shared["forward"] = self._forward(state, key)

        def at(player: str, point: TrainState) -> LossContext:
            batch = self._fresh(state, point, seen, key)
            context = LossContext(**shared, players=point, player=player, rows=batch, batch=batch)
            batch = self._chain("batch", batch, context, state)
            return replace(context, rows=batch, batch=context.shown(player, point, batch))

        def grad_fn(player: str, point: TrainState, ahead: Ahead | None = None) -> GradAndLoss:
            return self._grad_and_loss(at(player, point), ahead, state, partial(at, "critic"))

        owner = self.plan.owner("integrator")
        integrate = self.default_integrator if owner is None else owner.call
        order = self.order or tuple(self.task.players)
        players, gradients = integrate(state.players, grad_fn, self._apply_gradients, order)
        if self.task.warmup:
            learns = state.players.step >= self.task.warmup
            players = pytree.tmap(partial(torch.where, learns), players, state.players)
        players = players._replace(step=state.players.step + 1)
        losses = {player: gradients[player].loss for player in self.task.players}
        context = PostUpdateContext(
            **shared,
            old=state.players,
            new=players,
            fresh=self._fresh(state, state.players, seen, key),
            losses=losses,
            init=partial(init_players, self.blueprint, self.task),
        )
        for part in self.plan.parts["accept"]:
            players = part.call(players, self._own(context, part, state))
        context = replace(context, new=players)
        memories = dict(state.memories)
        for part in self.plan.parts["update_memory"]:
            memories[part.name] = part.call(memories[part.name], self._own(context, part, state))
        norms = {player: pytree.norm(gradients[player].grads) for player in self.task.players}
        return LearnerState(context.new, memories), Info(losses, norms)

    def _grad_and_loss(
        self, context: LossContext, ahead: Ahead | None, state: LearnerState, critic_at: At
    ) -> GradAndLoss:
        """Return one player's gradient and loss at `context.players`, through `ahead` if given."""
        player, point = context.player, context.players
        losses = {"critic": self._critic_loss, "model": self._model_loss, "actor": self._actor_loss}

        def of(live: LossContext, own: Params) -> Tensor:
            # By default what a loss takes as given is the present, its own player a constant.
            given = {**live.players.params, live.player: own}
            return losses[live.role](live, self._chain("target_params", given, live, state), state)

        def loss(params: Params) -> Tensor:
            moved = point.with_params({player: params})
            live, answer = replace(context, players=ahead.to(moved) if ahead else moved), None
            if ahead and ahead.minimax and self.task.rules("critic").discount == 0.0:
                others = live.players.with_params({player: point.params[player]})
                answer = of(critic_at(others), others.critic)
                held = pytree.tmap(Tensor.detach, live.players.critic)
                live = replace(live, players=live.players.with_params({"critic": held}))
            total = of(live, point.params[player])
            total = total if answer is None else total - answer
            for part in self.plan.on("penalty", player, self.task):
                total = total + part.call(self._own(live, part, state))
            return total

        grads, value = torch.func.grad_and_value(loss)(point.params[player])
        return GradAndLoss(self._chain("grads", grads, context, state), value)

    def _critic_loss(self, context: LossContext, given: Given, state: LearnerState) -> Tensor:
        rules, player, forward = context.rules, context.player, context.forward
        batch, target, next_query = context.batch, context.batch.reward, None
        if rules.discount > 0.0:  # a stateless game has nothing to bootstrap from
            key = rng.fold(context.key, "target")
            action = forward.act(given["actor"], batch.next_obs, key)
            next_query = CriticQuery.without_target("target", batch.next_obs, action)
            next_query = self._chain("critic_query", next_query, context, state)
            critic = forward.params(player, given[player], key)
            q = self.blueprint.players[player].reduce_heads(
                forward.heads(player, critic, next_query, batch)
            )
            target = target + batch.discount * rules.value(q)
        query = CriticQuery.without_target("critic", batch.obs, batch.action)
        query = query._replace(target=target, uninformed=rules.uninformed(target))
        query = self._chain("critic_query", query, context, state)
        key = rng.fold(context.key, player)
        critic = forward.params(player, context.players.params[player], key)
        heads = forward.heads(player, critic, query, next_query).unbind(1)
        losses = [rules.critic_loss(q - query.offset, query.target) for q in heads]
        return torch.stack([(query.weight * loss).mean() for loss in losses]).sum()

    def _model_loss(self, context: LossContext, given: Given, state: LearnerState) -> Tensor:
        own = {context.player: context.players.params[context.player]}
        see = context.forward.seen(given | own, rng.fold(context.key, "see"))
        return self.task.model_loss(context.player, see, context.batch).mean()

    def _actor_loss(self, context: LossContext, given: Given, state: LearnerState) -> Tensor:
        rules = context.rules
        obs = rules.actor_obs(context.batch)
        action = context.act(obs, rng.fold(context.key, "actor"))
        query = CriticQuery.without_target("actor", obs, action)
        query = self._chain("critic_query", query, context, state)
        see: Seen = context.forward.seen(given, rng.fold(context.key, "see"), context.beside)
        q = self.task.judged(see, query.obs, query.action) - query.offset
        loss = (query.weight * rules.actor_loss(q)).mean()
        aside = self.task.aside(see, obs, action)
        return loss if aside is None else loss + aside.mean()

    def _fresh(
        self, state: LearnerState, point: TrainState, seen: Experience, key: Tensor
    ) -> Experience:
        forward = self._forward(state, key)
        actor = forward.params("actor", point.actor, rng.fold(key, "fresh"))
        return self.task.fresh(partial(forward.bare_act, actor), key, state.players.step, seen)

    def _apply_gradients(self, point: TrainState, player: str, grads: Params) -> TrainState:
        optimizer = self.blueprint.players[player].optimizer
        params, opt = optimizer.update(point.params[player], grads, point.opts[player])
        return point.with_params({player: params})._replace(opts={**point.opts, player: opt})

    def _forward(self, state: LearnerState, key: Tensor | None = None) -> Forward:
        def changes(player: str) -> list[Change]:
            parts = self.plan.on("forward_params", player, self.task)
            return [Change(p.strategy.name, state.memories.get(p.name), p.call) for p in parts]

        return Forward(self.task, self.blueprint, changes, key)

    def _own(self, context: C, part: Part, state: LearnerState) -> C:
        """Return the context for one strategy: with its memory, its key and its players."""
        key, mine = rng.fold(context.key, part.strategy.name), part.strategy.mine(self.task)
        return replace(context, memory=state.memories.get(part.name), key=key, mine=mine)

    def _chain(self, value: str, thing: Any, context: LossContext, state: LearnerState) -> Any:
        """Return a value of a player's loss after every strategy on that player has changed it."""
        for part in self.plan.on(value, context.player, self.task):
            thing = part.call(thing, self._own(context, part, state))
        return thing
