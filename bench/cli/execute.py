"""What `run` and `tune` share: who works, and how a user hears of it and of what is left."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bench.cli.child_process import apart
from bench.cli.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    bad_input,
    fail,
    need_envpool,
    one_line,
    say_if_slow,
    writable,
)
from bench.cli.options import HOW

if TYPE_CHECKING:
    from bench.engine.plan import Todo


class Environments(StrEnum):
    """Who steps the environments."""

    auto = "auto"
    gymnasium = "gymnasium"
    envpool = "envpool"


Backend = Annotated[Environments, typer.Option(help="RL backend", rich_help_panel=HOW)]
CpusPerCell = Annotated[
    int, typer.Option(min=1, help="CPUs for each, and as many threads", rich_help_panel=HOW)
]
GpusPerCell = Annotated[
    float, typer.Option(min=0, max=1, help="0.25: four cells share a GPU", rich_help_panel=HOW)
]
MaxConcurrent = Annotated[
    int | None, typer.Option(min=1, help="cells at a time, at most", rich_help_panel=HOW)
]
Deadline = Annotated[
    float | None,
    typer.Option(
        min=0.1, help="seconds for each; default 10 times the expected", rich_help_panel=HOW
    ),
]


def possible(environments: Environments) -> None:
    """Refuse an environment backend that is not installed."""
    if environments is Environments.envpool:
        need_envpool()


def through_ray(address: str | None, max_concurrent: int | None, **more: Any) -> dict[str, Any]:
    """What `bench.engine.ray_engine.run` is told."""
    where = address or os.environ.get("RAY_ADDRESS")
    return {"address": where, "max_concurrent": max_concurrent, **more}


def carry_out(
    plan: Callable[[bool], Todo],
    announce: Callable[[Any], None],
    folder: Path,
    engine: dict[str, Any] | None,
) -> Todo:
    """Plan and run what is missing, with no other run at work there; what was planned.

    `plan` is told whether it may only look. Ends this program unless all jobs have come to an
    outcome. `engine` is what Ray is told, or None for this process.
    """
    from bench.engine.progress import Busy, alone

    with bad_input(Busy), alone(folder):
        todo = plan(False)
        announce(todo)
        for parent in {job.path.parent for job in todo.jobs}:
            writable(parent)
        if todo.jobs:
            say_if_slow()
            _worked(todo, folder, engine)
        left = plan(True).jobs
    if left:
        labels = ", ".join(dict.fromkeys(job.label for job in left))
        fail(f"{todo.kept} lack seeds of {labels}; run the same command again", EXIT_MISSING)
    return todo


def skipped(todo: Todo, others: str) -> None:
    """Tasks without data are no success."""
    if todo.skipped:
        names = ", ".join(todo.skipped)
        fail(f"skipped for want of data: {names}; {others}", EXIT_MISSING)


def warn(todo: Todo) -> None:
    """What was found broken, and what cannot run here."""
    for line in (*todo.corrupt, *(f"skipping {task}: {why}" for task, why in todo.skipped.items())):
        typer.echo(one_line(f"warning: {line}"), err=True)


def count(seeds: Sequence[int]) -> str:
    """How many seeds, in words."""
    return f"{len(seeds)} seed{'s'[: len(seeds) != 1]}"


def _worked(todo: Todo, folder: Path, engine: dict[str, Any] | None) -> None:
    """Ends this program unless all jobs have come to an outcome."""
    if engine is None:
        _run_jobs(todo, folder, None)
        return
    try:
        _told(apart(_run_jobs, todo, folder, engine), folder)
    except KeyboardInterrupt:
        fail(
            f"interrupted, and killed because it did not end by itself; what is done has records "
            f"in {folder}; run the same command again to go on",
            EXIT_INTERRUPTED,
        )


def _run_jobs(todo: Todo, folder: Path, engine: dict[str, Any] | None) -> None:
    from bench.engine.progress import Board, board_file

    interrupted = False
    # On the stdout of now, which engines may send elsewhere.
    console = Console(file=sys.stdout, highlight=False)
    with Board(todo.jobs, console, board_file(folder), todo.unit) as board:
        try:
            if engine is None:
                from bench.engine import serial_engine

                serial_engine.run(todo.jobs, board)
            else:
                from bench.engine import cluster, ray_engine

                try:
                    ray_engine.run(todo.jobs, board, **engine)
                except cluster.Unusable as error:
                    fail(str(error))
        except KeyboardInterrupt:
            interrupted = True
    count, failed = len(todo.jobs), len(board.failures)
    to_go = count - board.done - failed
    unit = board.unit
    kept = f"the {todo.kept} of the others are in {folder}"
    again = "run the same command again to"
    if interrupted and to_go:
        fail(
            f"interrupted with {to_go} of {count} {unit} to go; {kept}; {again} go on",
            EXIT_INTERRUPTED,
        )
    if failed or to_go:
        missing = [line.partition(": ")[0] for line in board.failures]
        parts = []
        if failed:
            others = f" (then {', '.join(missing[1:4])}{', ...' * (failed > 4)})" * (failed > 1)
            parts.append(f"{failed} of {count} {unit} failed, first {board.failures[0]}{others}")
        if to_go:
            parts.append(f"{to_go} of {count} {unit} were not run")
        fail(f"{', and '.join(parts)}; {kept}; {again} retry", EXIT_MISSING)


def _told(code: int, folder: Path) -> None:
    """Ends like the process that ran the cells, whose last words stand already."""
    if code in {EXIT_BAD_INPUT, EXIT_MISSING, EXIT_INTERRUPTED}:
        raise typer.Exit(code)
    if code:
        died = f"was killed by signal {-code}" if code < 0 else f"died with code {code}"
        fail(
            f"the process that ran the cells {died}; unless it has said why, Ray's daemons were "
            f"killed; what is done is in {folder}; run the same command again to go on",
            EXIT_MISSING,
        )
