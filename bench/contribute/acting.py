"""How often each strategy acts at its default settings: the updates of a short run that it changes.

At every update the learner with the strategy and the learner without it start from the same
players, made by the first, and the same memories; it acts if they differ afterwards, to the last
bit, or if the evaluated actor does. The schedule is the full budget's: five updates each at its
start, its first, second and third quarter, and its end, and a thousand each if it acts in none of
them. An environment is stepped by the learner with the strategy.

`python -m bench.contribute.acting [TASK...]` prints the share of updates for every strategy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from torch import Tensor

from bench.contribute.strategy_checks import experience, same
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.functional import pytree, rng
from bench.learner.learner import Learner
from bench.learner.problem import Experience
from bench.learner.state import LearnerState
from bench.learner.strategy import Conflict
from bench.learner.task import Task
from bench.training.rollout import Rollout

QUICK = 5
"""How many updates are made at each of five points of the budget, at first."""


def share(cell: Cell, longest: int = 200 * QUICK) -> float:
    """Return the share of updates that a cell's strategies change, from 0 to 1.

    If they change a network, 1 or 0: whether it says something else after one update from the same
    seed. Raises `Conflict` where they cannot be combined with the base.
    """
    mine, base = (_at_once(one.learner()) for one in (cell, Cell(cell.task, cell.base)))
    if _networks(mine) != _networks(base):
        return float(not same(_said(mine), _said(base)))
    found = list(_acted(mine, base, QUICK))
    if not any(found) and longest > QUICK:
        found = list(_acted(mine, base, longest))
    return sum(found) / len(found)


def _networks(learner: Learner) -> list[tuple[object, ...]]:
    """All players but their optimizers."""
    players = learner.blueprint.players.values()
    return [tuple(getattr(p, f.name) for f in fields(p) if f.name != "optimizer") for p in players]


def _said(learner: Learner) -> list[Tensor]:
    """What the players say of made-up rows after one update."""
    key, task = rng.seed_key(0), learner.task
    state = learner.update(learner.init(key), experience(task, key), key)[0]
    obs, action = (
        rng.normal(rng.fold(key, name), (8, size))
        for name, size in (("obs", task.obs_size), ("action", task.action_size))
    )
    said = [learner.says(state, name, obs, action) for name in task.having("critic")]
    return [*said, learner.eval_action(state, obs, key)]


def _acted(mine: Learner, base: Learner, long: int) -> Iterator[bool]:
    """For every update whether the two differ after it; `long` of them at each point."""
    key, task = rng.seed_key(0), mine.task
    state, other = mine.init(key), base.init(key)
    rollout = Rollout(task, (0,)) if task.environment is not None else None
    for step in _steps(task.updates, long):
        state = _at(state, step)
        other = _at(_as_far(state, other), step)
        seen = task.blank(0)
        if rollout is not None:
            action = mine.explore_action(state, rollout.obs[0], key)
            seen = Experience(*(leaf[0] for leaf in rollout.step(action[None], step)))
        state, other = (
            one.update(pytree.tmap(Tensor.clone, at), seen, key)[0]
            for one, at in ((mine, state), (base, other))
        )
        yield not (
            same(state.players.params, other.players.params)
            and same(mine.eval_params(state), base.eval_params(other))
        )
    if rollout is not None:
        rollout.close()


def _steps(whole: int, long: int) -> Iterator[int]:
    """The updates that are made, counted from 0; each quarter is in the middle of its own."""
    long = min(long, whole // 5)
    for start in (0, *(quarter * whole // 4 - long // 2 for quarter in (1, 2, 3)), whole - long):
        yield from range(start, start + long)


def _at_once(learner: Learner) -> Learner:
    """The same learner on a task without updates that only gather experience."""
    task = learner.task
    if not task.warmup:
        return learner
    made: Task = type(type(task).__name__, (type(task),), {"warmup": 0})()
    return replace(learner, task=made)


def _at(state: LearnerState, step: int) -> LearnerState:
    players = state.players
    return state._replace(players=players._replace(step=0 * players.step + step))


def _as_far(state: LearnerState, other: LearnerState) -> LearnerState:
    """`other` with the players and memories of `state`, as far as it has the same."""

    def taken(own: object, theirs: object) -> object:
        (leaves, structure), (like, wanted) = map(pytree.flatten, (own, theirs))
        fits = structure == wanted and all(
            one.shape == two.shape for one, two in zip(leaves, like, strict=True)
        )
        return own if fits else theirs

    players = state.players
    opts = {name: taken(players.opts[name], opt) for name, opt in other.players.opts.items()}
    memories = {name: taken(state.memories.get(name), m) for name, m in other.memories.items()}
    return LearnerState(players._replace(opts=opts), memories)


def main(tasks: Sequence[str]) -> None:
    """Print a line for every strategy on every task."""
    for task in tasks:
        try:
            registry.task(task)
        except registry.UnknownName as unknown:
            print(unknown, file=sys.stderr)
            sys.exit(2)
    for task in tasks or ("ring8", "pendulum"):
        for name in registry.strategies():
            try:
                cell = Cell(task, "reference", name)
                print(f"{task}/{cell.name}: {share(cell):.0%}", flush=True)
            except Conflict as conflict:
                print(f"{task}/reference+{name}: {conflict}")


if __name__ == "__main__":
    main(sys.argv[1:])
