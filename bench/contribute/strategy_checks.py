"""What every strategy must satisfy on every task, whatever their names: the suite's examination.

Each check raises AssertionError with the reason. `strategy_checks` says which ones there are; tests
run them over everything that exists, and over planted faults, which they must catch. A strategy on
a task is trained a few times, and all checks look at the same runs. `bench.contribute.task_checks`
examines the tasks.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

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
"""Updates per run: enough for the second one to see what the first one remembered."""

BATCH, ALONE = (3, 0, 5), (0,)
"""The seeds of a run with company and of one without."""


class Baseline(NamedTuple):
    """What a strategy at its neutral setting must not change."""

    outcome: Any  # of no strategy at all
    noisy: list[LearnerState]  # of a strategy that draws random numbers and does nothing with them


@dataclass(frozen=True)
class Examined:
    """A strategy on a task in its neutral and its active setting, and runs, made when asked for."""

    task: Task
    neutral: Strategy
    active: Strategy
    integrator: Integrator  # that the neutral setting leaves
    identity: bool  # a control that never changes anything

    @cached_property
    def learner(self) -> Learner:
        """The active setting's."""
        return Learner(self.task, combine([self.active]))

    @cached_property
    def batch(self) -> list[LearnerState]:
        """The active setting's run, of several seeds."""
        return rollout(self.learner, BATCH)

    @cached_property
    def alone(self) -> list[LearnerState]:
        """The active setting's run, of one seed."""
        return rollout(self.learner, ALONE)

    @cached_property
    def beside(self) -> Learner:
        """The neutral setting's, beside a noisy strategy."""
        return Learner(self.task, combine([NOISY, self.neutral]), self.integrator)

    @cached_property
    def beside_run(self) -> list[LearnerState]:
        """The neutral setting's run beside a noisy strategy, of one seed."""
        return rollout(self.beside, ALONE)


def examined(entry: StrategyEntry, task: Task) -> Examined:
    """A strategy file's own declarations: NEUTRAL, ACTIVE, NEUTRAL_INTEGRATOR, IDENTITY."""
    module = entry.module
    name = entry.build(task).name
    assert name == entry.name, f"it calls itself {name!r}, its file {entry.name!r}"
    return Examined(
        task=task,
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
    keys = _keys(seeds)
    return _continue(learner, [_own(vmap(learner.init)(keys))], keys, updates)


def _keys(seeds: Iterable[int]) -> Tensor:
    return torch.stack([rng.seed_key(seed) for seed in seeds])


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


NOISY = Strategy(
    name="noisy",
    init_memory=lambda context: rng.normal(context.key, (3,)),
    update_memory=lambda memory, context: rng.normal(context.key, (3,)),
)


def baseline(task: Task, integrator: Integrator) -> Baseline:
    """The runs without the strategy, the same for all strategies on a task."""
    return _baseline(task, integrator, torch.get_default_dtype())


@lru_cache(maxsize=32)
def _baseline(task: Task, integrator: Integrator, dtype: torch.dtype) -> Baseline:
    nothing, noisy = (Learner(task, combine(parts), integrator) for parts in ([], [NOISY]))
    return Baseline(_outcome(nothing, rollout(nothing, ALONE)[-1]), rollout(noisy, ALONE))


def _outcome(learner: Learner, state: LearnerState) -> Any:
    """What a strategy can change: all that is learned, and the actor that is evaluated."""
    return state.players, vmap(learner.policy)(state)


def neutral_is_the_baseline(pair: Examined) -> None:
    """At its neutral setting a strategy changes nothing, bit for bit."""
    base = baseline(pair.task, pair.integrator)
    unchanged = same(_outcome(pair.beside, pair.beside_run[-1]), base.outcome)
    assert unchanged, "the neutral setting is not the baseline"


def active_differs(pair: Examined) -> None:
    """At its active setting it changes something; where it is declared inert, nothing at all."""
    base = baseline(pair.task, alternating)
    unchanged = same(_outcome(pair.learner, pair.alone[-1]), base.outcome)
    reason = pair.active.why_inert(pair.task)
    if reason is not None:
        assert unchanged, f"declared inert ({reason}), but it changes the outcome"
    elif pair.identity:
        assert unchanged, "a control that must not change anything does"
    else:
        assert not unchanged, "the active setting changes nothing, and is not declared inert"


def a_seed_alone_equals_the_seed_in_a_batch(pair: Examined) -> None:
    """Seeds do not see each other."""
    place = BATCH.index(*ALONE)
    for batch, alone in zip(pair.batch, pair.alone, strict=True):
        one, other = pytree.take(batch, place), pytree.take(alone, 0)
        assert _close(one, other), "a seed depends on its batch"


def others_draws_are_unchanged(pair: Examined) -> None:
    """A neutral strategy beside a noisy one leaves the noisy one's draws alone."""
    alone = baseline(pair.task, pair.integrator).noisy
    for one, two in zip(alone, pair.beside_run, strict=True):
        assert same(one.memories["noisy"], two.memories["noisy"]), (
            "another strategy's draws have moved"
        )
        assert same(one.players, two.players), "another strategy's run has moved"


def stays_finite_and_keeps_its_shape(pair: Examined) -> None:
    """All numbers stay finite, and every part of the state keeps its shape and dtype."""
    for before, after in pairwise(pair.batch):
        for old, new in zip(pytree.leaves(before), pytree.leaves(after), strict=True):
            assert old.shape == new.shape, f"a part of the state went {old.shape} to {new.shape}"
            assert old.dtype == new.dtype, f"a part of the state went {old.dtype} to {new.dtype}"
            assert torch.isfinite(new).all(), "a part of the state is not finite"


def saved_and_continued_equals_uninterrupted(pair: Examined) -> None:
    """The state is all there is: saved, loaded and continued, it gives the uninterrupted run."""
    half = UPDATES // 2
    leaves, structure = pytree.flatten(pair.alone[half])
    file = io.BytesIO()
    torch.save(leaves, file)
    file.seek(0)
    loaded = pytree.unflatten(torch.load(file, weights_only=True), structure)
    fresh = Learner(pair.task, combine([pair.active]))
    resumed = _continue(fresh, [loaded], _keys(ALONE), UPDATES - half)[-1]
    assert same(pair.alone[-1], resumed), "something outside the state was carried"


def only_the_owner_writes(pair: Examined) -> None:
    """A strategy never mutates what it is given: players and experience survive an update."""
    keys = _keys(ALONE)
    old = pair.alone[1]
    state = _own(old)
    seen = vmap(partial(experience, pair.task))(keys)
    kept = pytree.tmap(lambda leaf: leaf.clone(), seen)
    vmap(pair.learner.update)(state, seen, keys)
    assert same(old.players, state.players), "an update wrote into the players it was given"
    assert same(kept, seen), "an update wrote into the experience it was given"


def order_does_not_matter(one: Strategy, other: Strategy, task: Task) -> Plan | None:
    """A pair is the same plan in either order, or a Conflict that names both (None)."""
    plan, reverse = _plan([one, other]), _plan([other, one])
    assert (plan is None) == (reverse is None), "a conflict in one order only"
    if plan is None or reverse is None:
        return None
    assert plan.parts == reverse.parts, "the order in which strategies are given matters"
    try:
        plan.blueprint(task)
    except Conflict as conflict:  # a blueprint may find out that another one does not suit it
        _names(conflict, [one, other])
        return None
    return plan


def pair_learns(one: Strategy, other: Strategy, task: Task) -> None:
    """Where two strategies can be combined, what they learn together stays finite."""
    plan = order_does_not_matter(one, other, task)
    if plan is not None:
        end = rollout(Learner(task, plan), [0], 2)[-1]
        assert all(leaf.isfinite().all() for leaf in pytree.leaves(end)), "it does not stay finite"


def _plan(pair: list[Strategy]) -> Plan | None:
    try:
        return combine(pair)
    except Conflict as conflict:
        _names(conflict, pair)
        return None


def _names(conflict: Conflict, pair: list[Strategy]) -> None:
    for strategy in pair:
        assert strategy.name in str(conflict), "the conflict does not name both"


def strategy_checks() -> list[Callable[[Examined], None]]:
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
