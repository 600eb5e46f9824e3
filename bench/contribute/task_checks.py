"""What every task must satisfy, whatever its name; see `bench.contribute.strategy_checks`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import torch

from bench.contribute.strategy_checks import experience, rollout, same
from bench.functional import pytree, rng
from bench.learner.learner import Learner
from bench.learner.problem import Experience
from bench.learner.state import LearnerState
from bench.learner.strategy import ALL, LossContext, Strategy, combine
from bench.learner.task import Task
from bench.training.environments import Transition, copy_seeds, stretch
from bench.training.rollout import Rollout
from bench.training.train import ROWS, train


def past_warmup(state: LearnerState, task: Task) -> LearnerState:
    """The same state as if the warm-up were over."""
    return state._replace(players=state.players._replace(step=torch.tensor(task.warmup)))


def experience_carries_the_actors_mark(task: Task) -> None:
    """Another actor makes other experience in its own rows, and leaves the other rows alone."""
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    if task.environment is not None:
        one, two = (learner.init(rng.seed_key(seed)) for seed in (0, 1))
        obs = rng.normal(key, (4, task.obs_size))
        acts = [learner.explore_action(past_warmup(state, task), obs, key) for state in (one, two)]
        assert not torch.equal(*acts), "the actor does not decide what is tried"
        return
    made = []
    for seed in (0, 1):
        actor = learner.init(rng.seed_key(seed)).players.actor
        # A point of a game starts at the same place whatever the seed: move it.
        actor = pytree.tmap(lambda leaf, shift=seed: leaf + shift, actor)
        act = lambda obs, use, actor=actor: learner.act(actor, obs, use)  # noqa: E731
        made.append(task.fresh(act, key, torch.tensor(0), task.blank(0)))
    rows = task.own(made[0])
    assert not torch.equal(made[0].action[:rows], made[1].action[:rows]), "no mark of the actor"
    assert torch.equal(made[0].action[rows:], made[1].action[rows:]), "data depend on the actor"


def a_players_step_moves_it_alone(task: Task) -> None:
    """A player's move touches neither another player nor its optimizer, and moves itself."""
    for mover in task.players:

        def alone(
            players: Any, grad_fn: Any, apply_gradients: Any, order: Any, mover: str = mover
        ) -> Any:
            gradients = {player: grad_fn(player, players) for player in order}
            return apply_gradients(players, mover, gradients[mover].grads), gradients

        # An odd number of moves: two may cancel where a game changes its sign.
        before, *_, after = rollout(Learner(task, combine([]), default_integrator=alone), [0], 3)
        for player in task.players:
            one, other = (
                (state.players.params[player], state.players.opts[player])
                for state in (before, after)
            )
            if player != mover:
                assert same(one, other), f"the {mover}'s step moved the {player} or its optimizer"
        moved = not same(before.players.params[mover], after.players.params[mover])
        assert moved, f"the {mover}'s step did not move the {mover}"


def only_some_learn_from_the_actor(task: Task) -> None:
    """Other rows of the actor give every player another gradient, but those of `data_only`."""
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    state = learner.init(key)
    gradients: list[dict[str, Any]] = []

    def noted(players: Any, grad_fn: Any, apply_gradients: Any, order: Any) -> Any:
        found = {player: grad_fn(player, players) for player in order}
        gradients.append({player: made.grads for player, made in found.items()})
        return players, found

    for shift in (0.0, 0.5):
        moved = Strategy(name="moved", roles=ALL, batch=partial(_with_own_rows_moved, shift))
        what = Learner(task, combine([moved]), default_integrator=noted)
        what.update(past_warmup(state, task), experience(task, key), key)
    for player in task.players:
        if task.players[player] == "actor":
            continue  # it may be asked at observations alone
        unmoved = same(gradients[0][player], gradients[1][player])
        assert unmoved == (player in task.data_only), (
            f"{player} {'does not learn' if unmoved else 'learns'} from the actor's rows: see "
            f"`data_only`"
        )


def _with_own_rows_moved(shift: float, batch: Experience, context: LossContext) -> Experience:
    rows = context.task.own(batch)
    obs, action = (torch.cat([x[:rows] + shift, x[rows:]]) for x in (batch.obs, batch.action))
    return batch._replace(obs=obs, action=action)


def warming_up_moves_nobody(task: Task) -> None:
    """The first updates only gather experience; the one after them is the first to learn."""
    states = rollout(Learner(task, combine([])), [0], updates=task.warmup + 1)
    *gathering, first = [state.players._replace(step=states[0].players.step) for state in states]
    assert all(same(gathering[0], players) for players in gathering), (
        "a player moved while warming up"
    )
    assert not same(gathering[0], first), "nobody moved after the warm-up"


def shapes_are_as_declared(task: Task) -> None:
    """Actions, values and losses have the shapes that the task declares."""
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    state = learner.init(key)
    obs = torch.zeros(5, task.obs_size)
    value = learner.state_value(state, obs, key)
    assert learner.eval_action(state, obs, key).shape == (5, task.action_size)
    assert value.shape == (5,)
    assert task.critic_loss(value, torch.full((5,), 0.5)).shape == (5,)
    assert task.actor_loss(value).shape == (5,)
    blank = task.blank(3)
    assert blank.obs.shape == blank.next_obs.shape == (3, task.obs_size)
    assert blank.action.shape == (3, task.action_size)


def bootstraps_through_truncation_only(task: Task) -> None:
    """With a discount the next observation matters where `discount` is not 0, and only there."""
    if task.discount == 0 or task.environment is None:
        return
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    seen = experience(task, key)
    moved = seen._replace(next_obs=seen.next_obs + 1.0)
    ended = torch.zeros_like(seen.discount)

    def critic_after(what: Experience) -> Any:
        return learner.update(past_warmup(learner.init(key), task), what, key)[0].players.critic

    assert not same(critic_after(seen), critic_after(moved)), "no bootstrap through the next state"
    unmoved = same(
        critic_after(seen._replace(discount=ended)), critic_after(moved._replace(discount=ended))
    )
    assert unmoved, "bootstraps after a termination"


def ends_are_told_apart(task: Task) -> None:
    """The trainer discounts what follows a step unless the environment has terminated there.

    Plays the training environment by the untrained actor to the first ends of episodes: `discount`
    is the task's where an episode goes on or is truncated, and 0 where it has terminated.
    """
    if task.environment is None:
        return
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    state = learner.init(key)
    rollout = Rollout(task, (0,), "gymnasium")
    made: list[Transition] = []
    step = rollout.training.step
    rollout.training.step = lambda action: made.append(step(action)) or made[-1]  # type: ignore[method-assign, func-returns-value]
    while True:
        action = learner.explore_action(state, rollout.obs[0], key)[None].detach()
        seen = rollout.step(action, 0)
        ended = made[-1].terminated | made[-1].truncated
        expected = task.discount * (1.0 - torch.from_numpy(made[-1].terminated).double())
        assert torch.equal(seen.discount[0].double(), expected), "a wrong discount at an end"
        if ended.any():
            break
    rollout.close()


def evaluation_leaves_no_trace(task: Task) -> None:
    """Evaluating often or seldom, in environments of its own, gives the same training run.

    One episode leaves as much of a trace as many.
    """
    states = []
    for evaluations in (2, 1):
        changed: dict[str, Any] = {"evaluations": evaluations, "episodes": min(task.episodes, 1)}
        if task.samples and task.missing() is not None:
            changed |= {"samples": 4, "judge": lambda self, actions, critic: {}}
        rarely = type(type(task).__name__, (type(task),), changed)()
        states.append(train(Learner(rarely, combine([])), [0], updates=3).state)
    assert same(*states), "an evaluation changed the run"


def untrained_scores_are_an_untrained_policys(task: Task) -> None:
    """The scores at step 0 are those of the untrained actor, found again without the trainer.

    Samples are drawn and judged by hand; episodes are run in single Gymnasium environments, without
    exploration and to their very end, from the starts of all seeds' evaluations after 0 updates.
    """
    found = train(Learner(task, combine([])), [4], library="gymnasium", updates=0).curves[0][0]
    learner = Learner(task, combine([]))
    state, key = learner.init(rng.seed_key(4)), rng.fold(rng.seed_key(4), "evaluate")
    if task.samples:
        rows = task.probe(task.samples).split(ROWS)
        drawn = [learner.eval_action(state, some, rng.fold(key, i)) for i, some in enumerate(rows)]

        def critic(obs: Any, action: Any, *, player: str = "critic") -> Any:
            given = (torch.as_tensor(part) for part in (obs, action))
            return learner.says(state, player, *given).detach().numpy()

        expected = task.judge(torch.cat(drawn).numpy(), critic)
    else:
        returns = [
            _episode(learner, state, number)
            for number in copy_seeds([0], task.episodes, "evaluate")
        ]
        expected = {"return": sum(returns) / len(returns)}
    for name, value in expected.items():
        assert math.isnan(value) or math.isclose(found[name], value, rel_tol=1e-6, abs_tol=1e-9), (
            f"{name} is {found[name]} at step 0, but an untrained policy has {value}"
        )


def _episode(learner: Learner, state: LearnerState, seed: int) -> float:
    """The undiscounted return of one episode of the evaluated actor."""
    env = gymnasium.make(learner.task.environment)
    obs, _ = env.reset(seed=seed)
    total, ended, cut = 0.0, False, False
    space: Any = env.action_space
    while not (ended or cut):
        row = torch.as_tensor(obs[None]).to(torch.get_default_dtype())
        action = learner.eval_action(state, row, state.players.step).numpy()
        (done,) = stretch(learner.task.actuated(action, 0), space.low, space.high)
        obs, reward, ended, cut, _ = env.step(done)
        total += float(reward)
    env.close()
    return total


def task_checks() -> list[Callable[[Task], None]]:
    """Every check of one task."""
    return [
        experience_carries_the_actors_mark,
        a_players_step_moves_it_alone,
        only_some_learn_from_the_actor,
        warming_up_moves_nobody,
        shapes_are_as_declared,
        bootstraps_through_truncation_only,
        ends_are_told_apart,
        evaluation_leaves_no_trace,
        untrained_scores_are_an_untrained_policys,
    ]
