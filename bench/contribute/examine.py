"""The examination of one strategy: every law on every kind of task, and its known fact."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.contribute.scaffold import strategies_folder
from bench.experiment import registry
from bench.functional.layers import is_deep
from bench.learner.task import Task


@dataclass
class Examination:
    """What holds of one strategy."""

    tasks: list[str]
    laws: dict[str, list[str]] = field(default_factory=dict)  # law -> tasks on which it fails
    inert: dict[str, str] = field(default_factory=dict)  # task -> why
    faults: list[str] = field(default_factory=list)
    conflicts: dict[str, str] | None = None  # other strategy -> what to do; None if not tried
    fact: Path | None = None
    seconds: float = 0.0


def representatives(strategy: str | None = None) -> list[str]:
    """One core task of every kind, by name: laws do not depend on data or budget.

    Tasks differ in kind by family, by having an environment, one made by Gymnasium or one of their
    own, by having observations, hidden layers, or several actions. For a strategy on one player
    ("r1@reward"), those with a player on which it can act. Raises `UnknownName`, and `Conflict` if
    there is none.
    """
    kinds: dict[tuple[object, ...], str] = {}
    for name, task in registry.tasks().items():
        if task.tier == "core":
            deep = is_deep(task.blueprint().critic.net)
            environment = type(task.environment)
            kind = (
                type(task).__mro__[1],
                environment,
                task.obs_size > 0,
                deep,
                task.action_size > 1,
            )
            kinds.setdefault(kind, name)
    chosen = sorted(kinds.values())
    if strategy is None:
        return chosen
    entry = registry.strategy(strategy)
    able = [name for name in chosen if entry.fits(registry.task(name))]
    if not able:
        entry.check(registry.task(chosen[0]))  # raises, with the reason
    return able


def examine(name: str, tasks: Sequence[str]) -> Examination:
    """Run every check of one strategy on small versions of these tasks, in double precision.

    Raises `UnknownName`, and `Conflict` for a strategy on a player on which it cannot act.
    """
    import torch

    from bench.contribute.strategy_checks import miniature, strategy_checks

    began = time.perf_counter()
    entry = registry.strategy(name)
    for task in tasks:
        entry.check(registry.task(task))
    found = Examination(tasks=list(tasks))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        small = {task: miniature(registry.task(task)) for task in tasks}
        found.laws = {_law(check): [] for check in strategy_checks()}
        for task in tasks:
            _check_laws(entry, small[task], found)
        if not found.faults:
            reasons = {task: entry.build(small[task]).why_inert(small[task]) for task in tasks}
            found.inert = {task: reason for task, reason in reasons.items() if reason}
            found.conflicts = dict(_conflicts(entry, small[tasks[0]]))
    finally:
        torch.set_default_dtype(before)
    _check_fact(entry, found)
    found.seconds = time.perf_counter() - began
    return found


def _check_fact(entry: registry.StrategyEntry, found: Examination) -> None:
    """Run the strategy's own test, which must be there: only our wheel comes without its tests.

    A strategy of another package has its test below the `tests` of the working directory.
    """
    ours = entry.module.__name__.startswith("bench.strategies.")
    root = strategies_folder().parent if ours else Path.cwd()
    facts = root / "tests" / "facts" if ours else root / "tests"
    fact = next(iter(sorted(facts.rglob(f"test_{entry.name}.py"))), None)
    if fact is not None:
        found.fact = fact
        test = [sys.executable, "-m", "pytest", "-q", str(fact)]
        if subprocess.run(test, cwd=root, capture_output=True, check=False).returncode:
            found.faults.append(f"its known fact does not hold: python -m pytest {fact}")
    elif facts.is_dir() or not ours:
        file = facts / f"test_{entry.name}.py"
        found.faults.append(f"it has no known fact: write {file}, a test that a fault would fail")


def _law(check: Callable[..., None]) -> str:
    return check.__name__.replace("_", " ")


def _check_laws(entry: registry.StrategyEntry, task: Task, found: Examination) -> None:
    """Note the laws that a strategy breaks on a task, and what was wrong."""
    from bench.contribute.strategy_checks import examined, strategy_checks

    try:
        pair = examined(entry, task)
    except Exception as error:  # a strategy under work may raise anything
        found.laws = {law: [*broken, task.name] for law, broken in found.laws.items()}
        found.faults.append(_fault(task, error))
        return
    for check in strategy_checks():
        try:
            check(pair)
        except Exception as error:
            found.laws[_law(check)].append(task.name)
            found.faults.append(_fault(task, error))


def _fault(task: Task, error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "")
    return f"{task.name}: {type(error).__name__}: {first}"


def _conflicts(entry: registry.StrategyEntry, task: Task) -> Iterator[tuple[str, str]]:
    from bench.learner.strategy import Conflict, combine

    own = entry.build(task)
    for name, other in registry.strategies().items():
        if name != entry.name:
            try:
                combine([own, other.build(task)])
            except Conflict as conflict:
                yield name, str(conflict)
