"""What every strategy must satisfy on every task, whatever their names: the suite's examination.

Each check raises AssertionError with the reason. `strategy_checks` says which ones there are; tests
run them over everything that exists, and over planted faults, which they must catch.
`bench.contribute.task_checks` examines the tasks.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from bench.experiment.registry import StrategyEntry
from bench.functional import pytree, rng
from bench.learner.integrators import Integrator, alternating
from bench.learner.learner import Learner
from bench.learner.problem import Experience
from bench.learner.state import LearnerState
from bench.learner.strategy import Conflict, Plan, Strategy, combine
from bench.learner.task import Task

UPDATES = 6
"""Updates per check: enough for the second one to see what the first one remembered."""


@dataclass(frozen=True)
class Examined:
    """A strategy on a task, in its neutral and its active setting."""

    neutral: Strategy
    active: Strategy
    integrator: Integrator  # that the neutral setting leaves
    identity: bool  # a control that never changes anything


def examined(entry: StrategyEntry, task: Task) -> Examined:
    """A strategy file's own declarations: NEUTRAL, ACTIVE, NEUTRAL_STEP, IDENTITY."""
    module = entry.module
    name = entry.build(task).name
    assert name == entry.name, f"it calls itself {name!r}, its file {entry.name!r}"
    return Examined(
        neutral=entry.build(task, module.NEUTRAL),
        active=entry.build(task, getattr(module, "ACTIVE", {})),
        integrator=getattr(module, "NEUTRAL_INTEGRATOR", alternating),
        identity=getattr(module, "IDENTITY", False),
    )


def miniature(task: Task) -> Task:
    """The same task with four rows a batch and one update of warm-up: laws hold for any number."""
    if callable(task.environment):  # its copies are its batch
        return task
    small = {"batch_rows": min(task.batch_rows, 4), "warmup": min(task.warmup, 1)}
    return type(type(task).__name__, (type(task),), small)()


def experience(task: Task, key: Tensor) -> Experience:
    """Made-up transitions for tasks that learn from an environment; blank for the others."""
    if task.environment is None:
        return task.blank(0)
    # Some rows at least: what compares rows with each other has nothing to do in one.
    blank = task.blank(max(task.steps_per_update, 4))
    drawn = [rng.normal(rng.fold(key, i), tuple(leaf.shape)) for i, leaf in enumerate(blank)]
    seen = Experience(*drawn)
    return seen._replace(action=seen.action.tanh(), discount=torch.full_like(seen.reward, 0.9))


def rollout(learner: Learner, seeds: Iterable[int], updates: int = UPDATES) -> list[LearnerState]:
    """States after 0 to `updates` updates of stacked seeds, on made-up experience."""
    keys = torch.stack([rng.seed_key(seed) for seed in seeds])
    return _continue(learner, [_own(vmap(learner.init)(keys))], keys, updates)


def _continue(
    learner: Learner, states: list[LearnerState], keys: Tensor, updates: int
) -> list[LearnerState]:
    for _ in range(updates):
        state = states[-1]
        when = vmap(rng.fold)(vmap(partial(rng.fold, use="experience"))(keys), state.players.step)
        seen = vmap(partial(experience, learner.task))(when)
        # `update` may use its state up (see bench.learner.strategy), so it gets a copy.
        states.append(vmap(learner.update)(_own(state), seen, keys)[0])
    return states


def _own(state: LearnerState) -> LearnerState:
    return pytree.tmap(lambda leaf: leaf.clone(memory_format=torch.contiguous_format), state)


def same(one: Any, other: Any) -> bool:
    """Whether two trees hold the same bits."""
    pairs = zip(pytree.leaves(one), pytree.leaves(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _close(one: Any, other: Any) -> bool:
    # Batched and single matrix products differ by rounding. Six updates amplify it to 1e-11, or to
    # 2e-10 through the statistics of four rows; one seed's numbers in another's would show at 1e-4.
    pairs = zip(pytree.leaves(one), pytree.leaves(other), strict=True)
    return all(torch.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


def _baseline(task: Task, integrator: Integrator) -> Learner:
    return Learner(task, combine([]), default_integrator=integrator)


def _outcome(learner: Learner, state: LearnerState) -> Any:
    """What a strategy can change: all that is learned, and the actor that is evaluated."""
    return state.players, vmap(learner.policy)(state)


def neutral_is_the_baseline(strategy: Examined, task: Task) -> None:
    """At its neutral setting a strategy changes nothing, bit for bit."""
    learner = Learner(task, combine([strategy.neutral]), default_integrator=strategy.integrator)
    base = _baseline(task, strategy.integrator)
    unchanged = same(
        _outcome(learner, rollout(learner, [0])[-1]), _outcome(base, rollout(base, [0])[-1])
    )
    assert unchanged, "the neutral setting is not the baseline"


def active_differs(strategy: Examined, task: Task) -> None:
    """At its active setting it changes something; where it is declared inert, nothing at all."""
    learner, base = Learner(task, combine([strategy.active])), _baseline(task, alternating)
    unchanged = same(
        _outcome(learner, rollout(learner, [0])[-1]), _outcome(base, rollout(base, [0])[-1])
    )
    reason = strategy.active.inert(task)
    if reason is not None:
        assert unchanged, f"declared inert ({reason}), but it changes the outcome"
    elif strategy.identity:
        assert unchanged, "a control that must not change anything does"
    else:
        assert not unchanged, "the active setting changes nothing, and is not declared inert"


def a_seed_alone_equals_the_seed_in_a_batch(strategy: Examined, task: Task) -> None:
    """Seeds do not see each other."""
    learner = Learner(task, combine([strategy.active]))
    batch, alone = rollout(learner, [0, 3, 5])[-1], rollout(learner, [3])[-1]
    assert _close(pytree.take(batch, 1), pytree.take(alone, 0)), "a seed depends on its batch"


def others_draws_are_unchanged(strategy: Examined, task: Task) -> None:
    """A neutral strategy beside a noisy one leaves the noisy one's draws alone."""
    noisy = Strategy(
        name="noisy",
        init_memory=lambda players, task, key: rng.normal(key, (3,)),
        update_memory=lambda memory, after: rng.normal(after.key, (3,)),
    )
    alone = Learner(task, combine([noisy]), default_integrator=strategy.integrator)
    beside = Learner(
        task, combine([noisy, strategy.neutral]), default_integrator=strategy.integrator
    )
    for one, two in zip(rollout(alone, [0]), rollout(beside, [0]), strict=True):
        assert same(one.memories["noisy"], two.memories["noisy"]), (
            "another strategy's draws have moved"
        )
        assert same(one.players, two.players), "another strategy's run has moved"


def stays_finite_and_keeps_its_shape(strategy: Examined, task: Task) -> None:
    """All numbers stay finite, and every part of the state keeps its shape and dtype."""
    states = rollout(Learner(task, combine([strategy.active])), [0, 1])
    for before, after in pairwise(states):
        for old, new in zip(pytree.leaves(before), pytree.leaves(after), strict=True):
            assert old.shape == new.shape, f"a part of the state went {old.shape} to {new.shape}"
            assert old.dtype == new.dtype, f"a part of the state went {old.dtype} to {new.dtype}"
            assert torch.isfinite(new).all(), "a part of the state is not finite"


def saved_and_continued_equals_uninterrupted(strategy: Examined, task: Task) -> None:
    """The state is all there is: saved, loaded and continued, it gives the uninterrupted run."""
    learner = Learner(task, combine([strategy.active]))
    keys = torch.stack([rng.seed_key(0)])
    whole = rollout(learner, [0])[-1]
    half = rollout(learner, [0], UPDATES // 2)[-1]
    leaves, structure = pytree.flatten(half)
    file = io.BytesIO()
    torch.save(leaves, file)
    file.seek(0)
    loaded = pytree.unflatten(torch.load(file, weights_only=True), structure)
    fresh = Learner(task, combine([strategy.active]))
    resumed = _continue(fresh, [loaded], keys, UPDATES - UPDATES // 2)[-1]
    assert same(whole, resumed), "something outside the state was carried"


def only_the_owner_writes(strategy: Examined, task: Task) -> None:
    """A strategy never mutates what it is given: the old core survives an update unchanged."""
    learner = Learner(task, combine([strategy.active]))
    keys = torch.stack([rng.seed_key(0)])
    state = _own(rollout(learner, [0], 1)[-1])
    before = pytree.tmap(lambda leaf: leaf.clone(), state.players)
    seen = vmap(partial(experience, task))(keys)
    kept = pytree.tmap(lambda leaf: leaf.clone(), seen)
    vmap(learner.update)(state, seen, keys)
    assert same(before, state.players), "an update wrote into the core it was given"
    assert same(kept, seen), "an update wrote into the experience it was given"


def order_does_not_matter(one: Strategy, other: Strategy, task: Task) -> None:
    """A pair is the same plan in either order and stays finite, or a Conflict in either order."""
    plans = [_plan([one, other]), _plan([other, one])]
    assert (plans[0] is None) == (plans[1] is None), "a conflict in one order only"
    if plans[0] is None or plans[1] is None:
        return
    first, second = (
        {value: [part.call for part in parts] for value, parts in plan.parts.items()}
        for plan in plans
        if plan is not None
    )
    assert first == second, "the order in which strategies are given matters"
    try:
        end = rollout(Learner(task, plans[0]), [0], 2)[-1]
    except Conflict as conflict:  # a blueprint may find out that another one does not suit it
        _names(conflict, [one, other])
        return
    finite = all(torch.isfinite(leaf).all() for leaf in pytree.leaves(end))
    assert finite, "the pair does not stay finite"


def _plan(pair: list[Strategy]) -> Plan | None:
    try:
        return combine(pair)
    except Conflict as conflict:
        _names(conflict, pair)
        return None


def _names(conflict: Conflict, pair: list[Strategy]) -> None:
    for strategy in pair:
        assert strategy.name in str(conflict), "the conflict does not name both"


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
