"""Carries out the plans of `run` and `tune`, and reports what is missing afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console

from bench.cli.child_process import before_the_end, run_in_child
from bench.cli.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    bad_input,
    check_compiler,
    check_provenance,
    fail,
    warning,
    writable,
)

if TYPE_CHECKING:
    from bench.engine.plan import RunPlan
    from bench.engine.progress import Board


def carry_out(
    make_plan: Callable[..., RunPlan],
    announce: Callable[[Any], None],
    folder: Path,
    engine: dict[str, Any] | None,
) -> RunPlan:
    """Plan and run what is missing, with the folder locked; return the plan.

    `make_plan(dry_run=...)` returns a plan. `engine` has the arguments of `ray_engine.run`, or is
    None for the serial engine. Exits with an error unless all jobs have outcomes in the end.
    """
    from bench.engine.run_lock import Busy, alone

    with bad_input(Busy), alone(folder):
        plan = make_plan(dry_run=False)
        announce(plan)
        for parent in {job.path.parent for job in plan.jobs}:
            writable(parent)
        if plan.jobs:
            check_compiler()
            check_provenance()
            _execute(plan, folder, engine, lambda: len(make_plan(dry_run=True).jobs))
        left = make_plan(dry_run=True).jobs
    if left:
        labels = ", ".join(dict.fromkeys(job.label for job in left))
        fail(f"{plan.kept} lack seeds of {labels}; run the same command again", EXIT_MISSING)
    return plan


def report_skipped(plan: RunPlan, others: str) -> None:
    """Exit with an error if tasks were skipped because data or a library is missing."""
    if plan.skipped:
        names = ", ".join(plan.skipped)
        fail(f"skipped, as the warnings above say: {names}; {others}", EXIT_MISSING)


def warn(plan: RunPlan) -> None:
    """Print a warning for every corrupt file and every skipped task."""
    for line in (*plan.corrupt, *(f"skipping {task}: {why}" for task, why in plan.skipped.items())):
        warning(line)


def count(seeds: Sequence[int]) -> str:
    """Format a number of seeds: "1 seed", "3 seeds"."""
    return plural(len(seeds), "seed")


def plural(number: int, noun: str) -> str:
    """Format a number of things: "1 cell", "3 cells"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _execute(
    plan: RunPlan, folder: Path, engine: dict[str, Any] | None, count_left: Callable[[], int]
) -> None:
    """Run the plan's jobs; exit with an error unless all have outcomes."""
    if engine is None:
        _run_jobs(plan, folder, None)
        return
    try:
        _exit_like(run_in_child(_run_jobs, plan, folder, engine), folder)
    except KeyboardInterrupt:
        # The child was killed before it could say what is left; its records tell.
        if left := count_left():
            _fail_interrupted(plan, folder, left)


def _run_jobs(plan: RunPlan, folder: Path, engine: dict[str, Any] | None) -> None:
    from bench.engine.progress import Board
    from bench.records.paths import status_path

    interrupted = False
    # With the present stdout, because engines may redirect it.
    console = Console(file=sys.stdout, highlight=False)
    with Board(plan.jobs, console, status_path(folder), plan.unit) as board:
        if engine is not None:
            before_the_end(partial(_last_words, plan, board, folder))
        try:
            if engine is None:
                from bench.engine import serial_engine

                serial_engine.run(plan.jobs, board)
            else:
                _run_by_ray(plan, board, engine)
        except KeyboardInterrupt:
            interrupted = True
    _say_what_is_left(plan, board, folder, interrupted)


def _run_by_ray(plan: RunPlan, board: Board, engine: dict[str, Any]) -> None:
    from bench.engine.cluster import Unusable

    try:
        from bench.engine import ray_engine
    except ImportError as error:
        fail(f"Ray cannot be imported ({error}); see `python -m bench doctor`")
    try:
        ray_engine.run(plan.jobs, board, **engine)
    except Unusable as error:
        fail(str(error))


def _last_words(plan: RunPlan, board: Board, folder: Path) -> None:
    """Say what `_run_jobs` would have said, in a process that is ended now."""
    board.close()
    with suppress(typer.Exit):
        _say_what_is_left(plan, board, folder, interrupted=True)


def _say_what_is_left(plan: RunPlan, board: Board, folder: Path, interrupted: bool) -> None:
    """Exit with an error unless all jobs have outcomes."""
    count, failed = len(plan.jobs), len(board.failures)
    to_go = count - board.done - failed
    if interrupted and to_go:
        _fail_interrupted(plan, folder, to_go)
    if failed or to_go:
        missing = [line.partition(": ")[0] for line in board.failures]
        parts = []
        if failed:
            others = f" (then {', '.join(missing[1:4])}{', ...' * (failed > 4)})" * (failed > 1)
            parts.append(
                f"{failed} of {count} {board.unit} failed, first {board.failures[0]}{others}"
            )
        if to_go:
            parts.append(f"{to_go} of {count} {board.unit} were not run")
        fail(f"{', and '.join(parts)}; {_where_kept(plan, folder)} retry", EXIT_MISSING)


def _fail_interrupted(plan: RunPlan, folder: Path, to_go: int) -> NoReturn:
    fail(
        f"interrupted with {to_go} of {len(plan.jobs)} {plan.unit} to go; "
        f"{_where_kept(plan, folder)} go on",
        EXIT_INTERRUPTED,
    )


def _where_kept(plan: RunPlan, folder: Path) -> str:
    return f"the {plan.kept} of the others are in {folder}; run the same command again to"


def _exit_like(code: int, folder: Path) -> None:
    """Exit like the child process, which has printed its error already; return if it was 0."""
    if code in {EXIT_BAD_INPUT, EXIT_MISSING, EXIT_INTERRUPTED}:
        raise typer.Exit(code)
    if code:
        died = f"was killed by signal {-code}" if code < 0 else f"died with code {code}"
        fail(
            f"the process that ran the cells {died}; if no reason is printed above, Ray's daemons "
            f"were killed; what is done is in {folder}; run the same command again to go on",
            EXIT_MISSING,
        )
