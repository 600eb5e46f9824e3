"""What every strategy and every task must satisfy, whatever its name: the suite's own examination.

Each check raises AssertionError with the reason. `strategy_checks` and `task_checks` say which ones
apply; tests run them over everything that exists, and over planted faults, which they must catch.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import gymnasium
import torch
from torch import Tensor
from torch.func import vmap

from bench import rng, trees
from bench.environments import copy_seeds, stretch
from bench.game import Experience, Task
from bench.learner import Learner, State
from bench.registry import StrategyEntry
from bench.steps import Step, alternating
from bench.strategy import Conflict, Strategy, combine
from bench.train import ROWS, train

UPDATES = 6
"""Updates per check: enough for the second one to see what the first one remembered."""


@dataclass(frozen=True)
class Examined:
    """A strategy on a task, in its neutral and its active setting."""

    neutral: Strategy
    active: Strategy
    step: Step  # the integrator that the neutral setting leaves
    identity: bool  # a control that never changes anything


def examined(entry: StrategyEntry, task: Task) -> Examined:
    """A strategy file's own declarations: NEUTRAL, ACTIVE, NEUTRAL_STEP, IDENTITY."""
    module = entry.module
    return Examined(
        neutral=entry.build(task, module.NEUTRAL),
        active=entry.build(task, getattr(module, "ACTIVE", {})),
        step=getattr(module, "NEUTRAL_STEP", alternating),
        identity=getattr(module, "IDENTITY", False),
    )


def miniature(task: Task) -> Task:
    """The same task with batches of four rows, for laws that hold whatever the size of a batch."""
    if callable(task.environment):  # its copies are its batch
        return task
    small = {"batch_rows": min(task.batch_rows, 4)}
    return type(type(task).__name__, (type(task),), small)()


def experience(task: Task, key: Tensor) -> Experience:
    """Made-up transitions for tasks that learn from an environment; blank for the others."""
    if task.environment is None:
        return task.blank(0)
    blank = task.blank(task.steps_per_update)
    drawn = [rng.normal(rng.fold(key, i), tuple(leaf.shape)) for i, leaf in enumerate(blank)]
    seen = Experience(*drawn)
    return seen._replace(action=seen.action.tanh(), discount=torch.full_like(seen.reward, 0.9))


def rollout(learner: Learner, seeds: Iterable[int], updates: int = UPDATES) -> list[State]:
    """States after 0 to `updates` updates of stacked seeds, on made-up experience."""
    keys = torch.stack([rng.seed_key(seed) for seed in seeds])
    return _continue(learner, [_own(vmap(learner.init)(keys))], keys, updates)


def _continue(learner: Learner, states: list[State], keys: Tensor, updates: int) -> list[State]:
    for _ in range(updates):
        state = states[-1]
        when = vmap(rng.fold)(vmap(partial(rng.fold, use="experience"))(keys), state.core.step)
        seen = vmap(partial(experience, learner.game))(when)
        # `update` may use its state up (see bench.strategy), so it gets a copy.
        states.append(vmap(learner.update)(_own(state), seen, keys)[0])
    return states


def _own(state: State) -> State:
    return trees.tmap(lambda leaf: leaf.clone(memory_format=torch.contiguous_format), state)


def _same(one: Any, other: Any) -> bool:
    pairs = zip(trees.leaves(one), trees.leaves(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _close(one: Any, other: Any) -> bool:
    # Batched and single matrix products differ by rounding, which few updates barely amplify.
    pairs = zip(trees.leaves(one), trees.leaves(other), strict=True)
    return all(torch.allclose(a, b, rtol=1e-9, atol=1e-11) for a, b in pairs)


def _baseline(task: Task, step: Step) -> Learner:
    return Learner(task, combine([]), default_step=step)


def _outcome(learner: Learner, state: State) -> Any:
    """What a strategy can change: all that is learned, and the actor that is evaluated."""
    return state.core, vmap(learner.policy)(state)


def neutral_is_the_baseline(strategy: Examined, task: Task) -> None:
    """At its neutral setting a strategy changes nothing, bit for bit."""
    learner = Learner(task, combine([strategy.neutral]), default_step=strategy.step)
    base = _baseline(task, strategy.step)
    same = _same(
        _outcome(learner, rollout(learner, [0])[-1]), _outcome(base, rollout(base, [0])[-1])
    )
    assert same, "the neutral setting is not the baseline"


def active_differs(strategy: Examined, task: Task) -> None:
    """At its active setting it changes something; where it is declared inert, nothing at all."""
    learner, base = Learner(task, combine([strategy.active])), _baseline(task, alternating)
    same = _same(
        _outcome(learner, rollout(learner, [0])[-1]), _outcome(base, rollout(base, [0])[-1])
    )
    reason = strategy.active.inert(task)
    if reason is not None:
        assert same, f"declared inert ({reason}), but it changes the outcome"
    elif strategy.identity:
        assert same, "a control that must not change anything does"
    else:
        assert not same, "the active setting changes nothing, and is not declared inert"


def a_seed_alone_equals_the_seed_in_a_batch(strategy: Examined, task: Task) -> None:
    """Seeds do not see each other."""
    learner = Learner(task, combine([strategy.active]))
    batch, alone = rollout(learner, [0, 3, 5])[-1], rollout(learner, [3])[-1]
    assert _close(trees.take(batch, 1), trees.take(alone, 0)), "a seed depends on its batch"


def others_draws_are_unchanged(strategy: Examined, task: Task) -> None:
    """A neutral strategy beside a noisy one leaves the noisy one's draws alone."""
    noisy = Strategy(
        name="noisy",
        slot=lambda core, game, key: rng.normal(key, (3,)),
        refresh=lambda memory, after: rng.normal(after.key, (3,)),
    )
    alone = Learner(task, combine([noisy]), default_step=strategy.step)
    beside = Learner(task, combine([noisy, strategy.neutral]), default_step=strategy.step)
    for one, two in zip(rollout(alone, [0]), rollout(beside, [0]), strict=True):
        assert _same(one.slots["noisy"], two.slots["noisy"]), "another strategy's draws have moved"
        assert _same(one.core, two.core), "another strategy's run has moved"


def stays_finite_and_keeps_its_shape(strategy: Examined, task: Task) -> None:
    """All numbers stay finite, and every part of the state keeps its shape and dtype."""
    states = rollout(Learner(task, combine([strategy.active])), [0, 1])
    for before, after in pairwise(states):
        for old, new in zip(trees.leaves(before), trees.leaves(after), strict=True):
            assert old.shape == new.shape, f"a part of the state went {old.shape} to {new.shape}"
            assert old.dtype == new.dtype, f"a part of the state went {old.dtype} to {new.dtype}"
            assert torch.isfinite(new).all(), "a part of the state is not finite"


def saved_and_continued_equals_uninterrupted(strategy: Examined, task: Task) -> None:
    """The state is all there is: saved, loaded and continued, it gives the uninterrupted run."""
    learner = Learner(task, combine([strategy.active]))
    keys = torch.stack([rng.seed_key(0)])
    whole = rollout(learner, [0])[-1]
    half = rollout(learner, [0], UPDATES // 2)[-1]
    leaves, structure = trees.flatten(half)
    file = io.BytesIO()
    torch.save(leaves, file)
    file.seek(0)
    loaded = trees.unflatten(torch.load(file, weights_only=True), structure)
    fresh = Learner(task, combine([strategy.active]))
    resumed = _continue(fresh, [loaded], keys, UPDATES - UPDATES // 2)[-1]
    assert _same(whole, resumed), "something outside the state was carried"


def only_the_owner_writes(strategy: Examined, task: Task) -> None:
    """A strategy never mutates what it is given: the old core survives an update unchanged."""
    learner = Learner(task, combine([strategy.active]))
    keys = torch.stack([rng.seed_key(0)])
    state = _own(rollout(learner, [0], 1)[-1])
    before = trees.tmap(lambda leaf: leaf.clone(), state.core)
    seen = vmap(partial(experience, task))(keys)
    kept = trees.tmap(lambda leaf: leaf.clone(), seen)
    vmap(learner.update)(state, seen, keys)
    assert _same(before, state.core), "an update wrote into the core it was given"
    assert _same(kept, seen), "an update wrote into the experience it was given"


def order_does_not_matter(one: Strategy, other: Strategy, task: Task) -> None:
    """A pair gives the same in either order, stays finite, or is a Conflict in either order."""
    results: list[State | None] = []
    for pair in ([one, other], [other, one]):
        try:
            results.append(rollout(Learner(task, combine(pair)), [0], 3)[-1])
        except Conflict as conflict:
            message = str(conflict)
            assert one.name in message, "the conflict does not name both"
            assert other.name in message, "the conflict does not name both"
            results.append(None)
    first, second = results
    assert (first is None) == (second is None), "a conflict in one order only"
    if first is not None and second is not None:
        assert _same(first, second), "the order in which strategies are given matters"
        finite = all(torch.isfinite(leaf).all() for leaf in trees.leaves(first))
        assert finite, "the pair does not stay finite"


def strategy_checks() -> list[Callable[[Examined, Task], None]]:
    """Every check of one strategy on one task."""
    return [
        neutral_is_the_baseline,
        active_differs,
        a_seed_alone_equals_the_seed_in_a_batch,
        others_draws_are_unchanged,
        stays_finite_and_keeps_its_shape,
        saved_and_continued_equals_uninterrupted,
        only_the_owner_writes,
    ]


def experience_carries_the_actors_mark(task: Task) -> None:
    """Another actor makes other experience in its own rows, and leaves the other rows alone."""
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    if task.environment is not None:
        one, two = (learner.init(rng.seed_key(seed)) for seed in (0, 1))
        obs = rng.normal(key, (4, task.obs_size))
        late = torch.tensor(task.updates)  # past any warm-up
        states = (s._replace(core=s.core._replace(step=late)) for s in (one, two))
        acts = [learner.behave(state, obs, key) for state in states]
        assert not torch.equal(*acts), "the actor does not decide what is tried"
        return
    made = []
    for seed in (0, 1):
        actor = learner.init(rng.seed_key(seed)).core.actor
        # A point of a game starts at the same place whatever the seed: move it.
        actor = trees.tmap(lambda leaf, shift=seed: leaf + shift, actor)
        act = lambda obs, use, actor=actor: learner.act(actor, obs, use)  # noqa: E731
        made.append(task.fresh(act, key, torch.tensor(0), task.blank(0)))
    rows = task.own(made[0])
    assert not torch.equal(made[0].action[:rows], made[1].action[:rows]), "no mark of the actor"
    assert torch.equal(made[0].action[rows:], made[1].action[rows:]), "data depend on the actor"


def an_actors_step_leaves_the_critic(task: Task) -> None:
    """The actor's move touches neither the critic nor its optimizer."""

    def actor_only(core: Any, field: Any, move: Any) -> Any:
        field("critic", core)  # looked at, not followed
        return move(core, "actor", field("actor", core))

    # An odd number of moves: two may cancel where a game changes its sign.
    before, *_, after = rollout(Learner(task, combine([]), default_step=actor_only), [0], 3)
    assert _same(before.core.critic, after.core.critic), "the actor's step moved the critic"
    assert _same(before.core.critic_opt, after.core.critic_opt), "it moved the critic's optimizer"
    assert not _same(before.core.actor, after.core.actor), "the actor's step did not move the actor"


def shapes_are_as_declared(task: Task) -> None:
    """Actions, values and losses have the shapes that the task declares."""
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    state = learner.init(key)
    obs = torch.zeros(5, task.obs_size)
    action, value = learner.appraise(state, obs, key)
    assert action.shape == (5, task.action_size)
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
        return learner.update(learner.init(key), what, key)[0].core.critic

    assert not _same(critic_after(seen), critic_after(moved)), "no bootstrap through the next state"
    same = _same(
        critic_after(seen._replace(discount=ended)), critic_after(moved._replace(discount=ended))
    )
    assert same, "bootstraps after a termination"


def evaluation_leaves_no_trace(task: Task) -> None:
    """Evaluating often or seldom, in environments of its own, gives the same training run."""
    states = []
    for evaluations in (3, 1):
        changed: dict[str, Any] = {"evaluations": evaluations}
        if task.samples and task.missing() is not None:
            changed |= {"samples": 4, "judge": lambda self, actions, critic: {}}
        rarely = type(type(task).__name__, (type(task),), changed)()
        states.append(train(Learner(rarely, combine([])), [0], updates=3).state)
    assert _same(*states), "an evaluation changed the run"


def untrained_scores_are_an_untrained_policys(task: Task) -> None:
    """The scores at step 0 are those of the untrained actor, found again without the trainer.

    Samples are drawn and judged by hand; episodes are run in single Gymnasium environments, without
    exploration and to their very end.
    """
    if task.missing() is not None:
        return  # samples cannot be judged without the data
    found = train(Learner(task, combine([])), [4], backend="gymnasium", updates=0).curves[0][0]
    learner = Learner(task, combine([]))
    state, key = learner.init(rng.seed_key(4)), rng.fold(rng.seed_key(4), "evaluate")
    if task.samples:
        rows = task.probe(task.samples).split(ROWS)
        drawn = [learner.decide(state, some, rng.fold(key, i)) for i, some in enumerate(rows)]

        def critic(obs: Any, action: Any) -> Any:
            return learner.assess(state, *(torch.as_tensor(part) for part in (obs, action))).numpy()

        expected = task.judge(torch.cat(drawn).numpy(), critic)
    else:
        returns = [
            _episode(learner, state, number)
            for number in copy_seeds([4], task.episodes, "evaluate")
        ]
        expected = {"return": sum(returns) / len(returns)}
    for name, value in expected.items():
        assert math.isnan(value) or math.isclose(found[name], value, rel_tol=1e-6, abs_tol=1e-9), (
            f"{name} is {found[name]} at step 0, but an untrained policy has {value}"
        )


def _episode(learner: Learner, state: State, seed: int) -> float:
    """The undiscounted return of one episode of the evaluated actor."""
    env = gymnasium.make(learner.game.environment)
    obs, _ = env.reset(seed=seed)
    total, ended, cut = 0.0, False, False
    space: Any = env.action_space
    while not (ended or cut):
        row = torch.as_tensor(obs[None]).to(torch.get_default_dtype())
        action = learner.decide(state, row, state.core.step)[0].numpy()
        obs, reward, ended, cut, _ = env.step(stretch(action, space.low, space.high))
        total += float(reward)
    env.close()
    return total


def task_checks() -> list[Callable[[Task], None]]:
    """Every check of one task."""
    return [
        experience_carries_the_actors_mark,
        an_actors_step_leaves_the_critic,
        shapes_are_as_declared,
        bootstraps_through_truncation_only,
        evaluation_leaves_no_trace,
        untrained_scores_are_an_untrained_policys,
    ]
