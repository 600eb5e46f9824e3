"""`run` does what is missing of a grid."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bench.commands.apart import apart
from bench.commands.options import (
    HOW,
    Address,
    DataRoot,
    Names,
    Results,
    Submission,
    names,
    plain,
    set_data_root,
)
from bench.messages import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    bad_input,
    fail,
    need_envpool,
    need_gpu,
    one_line,
    say_if_slow,
    writable,
)

if TYPE_CHECKING:
    from bench.cells import Terms, Todo
    from bench.grid import Cell


class Engine(StrEnum):
    """Who runs the cells."""

    ray = "ray"
    serial = "serial"


class Environments(StrEnum):
    """Who steps the environments."""

    auto = "auto"
    gymnasium = "gymnasium"
    envpool = "envpool"


def run(
    grid: Annotated[str, typer.Option(help="a grid's name, or a YAML file")] = "demo",
    tasks: Names = None,
    strategies: Names = None,
    base: Annotated[list[str] | None, typer.Option(help="bare or reference")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=1000, help="seeds 0 to N-1")] = None,
    results: Results = Path("results"),
    name: Submission = "local",
    updates: Annotated[
        int | None, typer.Option(min=1, help="a trial: another budget, left out of reports")
    ] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(help="write the curves there as TensorBoard event files too")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Ray Tune, or this process", rich_help_panel=HOW)
    ] = Engine.ray,
    address: Address = None,
    environments: Annotated[
        Environments, typer.Option(help="RL backend", rich_help_panel=HOW)
    ] = Environments.auto,
    cpus_per_cell: Annotated[
        int, typer.Option(min=1, help="CPUs for each, and as many threads", rich_help_panel=HOW)
    ] = 1,
    gpus_per_cell: Annotated[
        float,
        typer.Option(min=0, max=1, help="0.25: four cells share a GPU", rich_help_panel=HOW),
    ] = 0.0,
    max_concurrent: Annotated[
        int | None, typer.Option(min=1, help="cells at a time, at most", rich_help_panel=HOW)
    ] = None,
    seeds_per_trial: Annotated[
        int | None,
        typer.Option(
            min=1, help="split cells, so that several machines share one", rich_help_panel=HOW
        ),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="seconds for each; default 10 times the expected", rich_help_panel=HOW
        ),
    ] = None,
) -> None:
    """Run what is missing of a grid: cells whose records exist are not run again.

    Exit codes: 0 all records are there, 2 bad input and nothing was run, 3 some cells failed or
    were skipped for want of data, 130 interrupted.
    """
    from bench import cells
    from bench.grid import load_grid

    plain(name)
    _possible(engine, environments, gpus_per_cell, address, max_concurrent)
    set_data_root(data_root)
    folder = cells.submission_folder(results, name)
    resources = cells.Resources(cpus_per_cell, gpus_per_cell)
    terms = cells.Terms(environments.value, resources, seeds_per_trial, deadline)
    with bad_input():
        chosen = load_grid(grid).narrowed(
            names(tasks), names(strategies), names(base), seeds, updates
        )
        wanted = chosen.cells()
        cells.check(wanted, chosen.seeds)
        if dry_run:
            todo = cells.missing(wanted, folder, chosen.seeds, terms, dry_run=True)
            _announce(todo, chosen.seeds)
            return
    where = address or os.environ.get("RAY_ADDRESS")
    through = {"address": where, "max_concurrent": max_concurrent} if engine is Engine.ray else None
    writable(folder)
    if tensorboard is not None:
        writable(tensorboard)
    try:
        todo = _do(wanted, folder, chosen.seeds, terms, through)
    finally:
        if tensorboard is not None:
            from bench.events import write_events

            write_events(folder, wanted, tensorboard)
    if todo.skipped:
        skipped = ", ".join(todo.skipped)
        fail(f"skipped for want of data: {skipped}; all other cells have records", EXIT_MISSING)
    typer.echo(f"all cells have records in {folder}")


def _possible(
    engine: Engine,
    environments: Environments,
    gpus: float,
    address: str | None,
    max_concurrent: int | None,
) -> None:
    """Refuse what cannot be had here."""
    if environments is Environments.envpool:
        need_envpool()
    if engine is Engine.serial and (address is not None or max_concurrent is not None):
        fail("--address and --max-concurrent are for Ray; leave out --engine serial")
    if engine is Engine.serial and gpus:
        need_gpu()


def _do(
    wanted: list[Cell], folder: Path, seeds: int, terms: Terms, through: dict[str, Any] | None
) -> Todo:
    """Plan and run what is missing, with no other run at work there; what was planned."""
    from bench import cells
    from bench.progress import Busy, alone

    with bad_input(Busy), alone(folder):
        todo = cells.missing(wanted, folder, seeds, terms)
        _announce(todo, seeds)
        for parent in {job.path.parent for job in todo.jobs}:
            writable(parent)
        if todo.jobs:
            say_if_slow()
            _run(todo, folder, through)
        left = cells.missing(wanted, folder, seeds, terms, dry_run=True).jobs
    if left:
        labels = ", ".join(dict.fromkeys(job.label for job in left))
        fail(f"seeds are missing of {labels}; run the same command again", EXIT_MISSING)
    return todo


def _announce(todo: Todo, seeds: int) -> None:
    from bench.progress import duration

    for line in (*todo.corrupt, *(f"skipping {task}: {why}" for task, why in todo.skipped.items())):
        typer.echo(one_line(f"warning: {line}"), err=True)
    cost = sum(job.seconds for job in todo.jobs)
    for job in todo.jobs:
        typer.echo(f"to run {job.label}: {_count(job.seeds)}, about {duration(job.seconds)}")
    typer.echo(
        f"{len({job.label for job in todo.jobs})} cells to run, "
        f"{todo.done} already have records of {seeds} seeds; about {duration(cost)} on one core"
    )


def _count(seeds: Sequence[int]) -> str:
    return f"{len(seeds)} seed{'s'[: len(seeds) != 1]}"


def _run(todo: Todo, folder: Path, through_ray: dict[str, Any] | None) -> None:
    """Ends this program unless all jobs have come to an outcome."""
    if through_ray is None:
        _run_jobs(todo, folder, None)
        return
    try:
        _told(apart(_run_jobs, todo, folder, through_ray), folder)
    except KeyboardInterrupt:
        fail(
            f"interrupted, and killed because it did not end by itself; what is done has records "
            f"in {folder}; run the same command again to go on",
            EXIT_INTERRUPTED,
        )


def _run_jobs(todo: Todo, folder: Path, through_ray: dict[str, Any] | None) -> None:
    from bench.progress import Board, board_file

    interrupted = False
    # On the stdout of now, which engines may send elsewhere.
    console = Console(file=sys.stdout, highlight=False)
    with Board(todo.jobs, console, board_file(folder)) as board:
        try:
            if through_ray is None:
                from bench import engine_serial

                engine_serial.run(todo.jobs, board)
            else:
                from bench import engine_ray

                try:
                    engine_ray.run(todo.jobs, board, **through_ray)
                except engine_ray.Unusable as error:
                    fail(str(error))
        except KeyboardInterrupt:
            interrupted = True
    count, failed = len(todo.jobs), len(board.failures)
    to_go = count - board.done - failed
    unit = board.unit
    kept = f"the records of the others are in {folder}"
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
            f"the process that ran the cells {died}, as it does when Ray's daemons are killed; "
            f"what is done has records in {folder}; run the same command again to go on",
            EXIT_MISSING,
        )
