"""The command line. Bad input is one line on stderr and exit code 2; nothing is lost."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    help="Crossover: which tricks that stabilise GANs also stabilise actor-critic RL, and back.",
    pretty_exceptions_enable=False,
    add_completion=False,
)

EXIT_MISSING, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 3, 2, 130
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
USAGE_ERROR: Any = typer.BadParameter.__bases__[0]  # click's, whichever click typer brings along


class Engine(StrEnum):
    """Who runs the cells."""

    ray = "ray"
    serial = "serial"


class Environments(StrEnum):
    """Who steps the environments."""

    auto = "auto"
    gymnasium = "gymnasium"
    envpool = "envpool"


class Kind(StrEnum):
    """What `list` lists."""

    tasks = "tasks"
    strategies = "strategies"
    grids = "grids"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `python -m bench`: the help if there are no arguments."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given or ["--help"], standalone_mode=False)
    except USAGE_ERROR as error:
        typer.echo(one_line(f"error: {error.format_message().rstrip('.')}; see --help"), err=True)
        code = EXIT_BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("error: interrupted", err=True)
        code = EXIT_INTERRUPTED
    sys.exit(code)


def one_line(text: str) -> str:
    """The text without line breaks, and without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def fail(message: str, code: int = EXIT_BAD_INPUT) -> NoReturn:
    """One line on stderr, and out."""
    typer.echo(one_line(f"error: {message}"), err=True)
    raise typer.Exit(code)


@contextmanager
def bad_input() -> Iterator[None]:
    """Errors that a user can mend become one line and exit code 2. Bugs keep their traceback."""
    from bench.grid import BadGrid
    from bench.registry import Incomplete, UnknownName
    from bench.strategy import Conflict
    from bench.submission import NothingToCheck

    try:
        yield
    except (UnknownName, Incomplete, BadGrid, Conflict, NothingToCheck) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted before anything was run", EXIT_INTERRUPTED)


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    """Names from a repeated option and from comma-separated lists alike."""
    if not given:
        return None
    return tuple(name.strip() for part in given for name in part.split(",") if name.strip())


def _writable(folder: Path) -> None:
    """Refuse a folder in which no file can be made, before anything is run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror}; choose another folder")


Names = Annotated[list[str] | None, typer.Option(help="instead of the grid's; a,b or repeated")]
Results = Annotated[Path, typer.Option(help="where records are kept")]


@app.command()
def run(
    grid: Annotated[str, typer.Option(help="a grid's name, or a YAML file")] = "demo",
    tasks: Names = None,
    strategies: Names = None,
    base: Annotated[list[str] | None, typer.Option(help="bare or reference")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=1000, help="seeds 0 to N-1")] = None,
    engine: Annotated[Engine, typer.Option(help="Ray Tune, or this process")] = Engine.ray,
    environments: Annotated[Environments, typer.Option(help="RL backend")] = Environments.auto,
    results: Results = Path("results"),
    name: Annotated[str, typer.Option(help="the submission's name below results")] = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
) -> None:
    """Run what is missing of a grid: cells whose records exist are not run again.

    Exit codes: 0 all records are there, 2 bad input and nothing was run, 3 some cells failed,
    130 interrupted.
    """
    from bench import cells
    from bench.grid import load_grid

    if not NAME.fullmatch(name):
        fail(f"--name {name!r} is no plain name; use a to z, 0 to 9, dot, dash and underscore")
    if environments is Environments.envpool:
        _need_envpool()
    folder = cells.submission_folder(results, name)
    with bad_input():
        chosen = load_grid(grid).narrowed(_names(tasks), _names(strategies), _names(base), seeds)
        wanted = chosen.cells()
        cells.check(wanted, chosen.seeds)
        if not dry_run:
            _writable(folder)
        todo = cells.missing(wanted, folder, chosen.seeds, environments.value, dry_run=dry_run)
    for line in todo.corrupt:
        typer.echo(one_line(f"warning: {line}"), err=True)
    console = Console(highlight=False)
    _announce(console, todo, chosen.seeds)
    if dry_run or not todo.jobs:
        return
    for parent in {job.path.parent for job in todo.jobs}:
        _writable(parent)
    _run_jobs(console, todo, engine, folder)


def _need_envpool() -> None:
    import importlib.util

    if importlib.util.find_spec("envpool") is None:
        fail("envpool is not installed; `pip install envpool`, or use --environments gymnasium")


def _announce(console: Console, todo: Any, seeds: int) -> None:
    from bench.progress import duration

    cost = sum(job.seconds for job in todo.jobs)
    for job in todo.jobs:
        line = f"{job.cell.task}/{job.cell.name}: {len(job.seeds)} seeds, about "
        console.print(f"to run {line}{duration(job.seconds)}", soft_wrap=True, markup=False)
    console.print(
        f"{len(todo.jobs)} cells to run, {todo.done} already have records of {seeds} seeds; "
        f"about {duration(cost)} on one core",
        soft_wrap=True,
    )


def _run_jobs(console: Console, todo: Any, engine: Engine, folder: Path) -> None:
    from bench.progress import Board

    with Board(todo.jobs, console) as board:
        try:
            if engine is Engine.ray:
                from bench.engine_ray import run as run_all
            else:
                from bench.engine_serial import run as run_all
            run_all(todo.jobs, board)
        except KeyboardInterrupt:
            pass
    count, failed = len(todo.jobs), len(board.failures)
    to_go = count - board.done - failed
    kept = f"the records of the others are in {folder}"
    if to_go:
        fail(
            f"interrupted with {to_go} of {count} cells to go; {kept}; "
            f"run the same command again to go on",
            EXIT_INTERRUPTED,
        )
    if failed:
        fail(
            f"{failed} of {count} cells failed, first {board.failures[0]}; {kept}; "
            f"run the same command again to retry",
            EXIT_MISSING,
        )
    console.print(f"all cells have records in {folder}", soft_wrap=True, markup=False)


@app.command("list")
def list_(
    kind: Annotated[Kind, typer.Argument(help="what to list")],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show what exists, from docstrings and declarations."""
    rows = {Kind.tasks: _tasks, Kind.strategies: _strategies, Kind.grids: _grids}[kind]()
    if as_json:
        typer.echo(json.dumps(rows, indent=1, sort_keys=True))
        return
    table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(_shown, row.values()))
    width = None if sys.stdout.isatty() else 160
    Console(highlight=False, width=width).print(table)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={setting}" for key, setting in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tasks() -> list[dict[str, Any]]:
    from bench import registry

    return [
        {
            "name": name,
            "domain": task.domain,
            "score": f"{task.metrics[0].name} ({task.metrics[0].better} is better)",
            "budget": f"{task.updates * task.steps_per_update} {task.step_unit}s",
            "about": (sys.modules[type(task).__module__].__doc__ or "").splitlines()[0],
        }
        for name, task in registry.tasks().items()
    ]


def _strategies() -> list[dict[str, Any]]:
    import inspect

    from bench import registry

    rows = []
    for name, entry in registry.strategies().items():
        parameters = inspect.signature(entry.factory).parameters.values()
        inert = [
            task_name
            for task_name, task in registry.tasks().items()
            if entry.build(task).inert(task)
        ]
        rows.append(
            {
                "name": name,
                "home": entry.home,
                "about": entry.summary,
                "settings": {p.name: p.default for p in parameters},
                "inert on": inert,
                "source": entry.source,
            }
        )
    return rows


def _grids() -> list[dict[str, Any]]:
    from bench.grid import grid_names, load_grid

    rows = []
    for name in grid_names():
        grid = load_grid(name)
        rows.append(
            {"name": name, "cells": len(grid.cells()), "seeds": grid.seeds, "about": grid.about}
        )
    return rows


@app.command()
def report(
    results: Results = Path("results"),
    out: Annotated[Path, typer.Option(help="where the page is written")] = Path("report"),
    leaderboard: Annotated[
        Path | None, typer.Option(help="where LEADERBOARD.md is written; default: in --out")
    ] = None,
) -> None:
    """Build tables, plots, the page and the leaderboard from all records."""
    from bench.grid import PROTOCOL_VERSION
    from bench.record import Found, walk
    from bench.submission import ranking

    folder = results / PROTOCOL_VERSION
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    found = list(walk(folder))
    corrupt = [item for item in found if not isinstance(item, Found)]
    records = [item.record for item in found if isinstance(item, Found)]
    if not records:
        fail(str(corrupt[0]) if corrupt else f"no records in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    _writable(out)
    _writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report import build_report  # imports for seconds

    ranked = ranking([item for item in found if isinstance(item, Found)])
    build_report([item.record for item in ranked], out, board)
    cells = len({(record.task, record.cell) for record in records})
    left = f"; {len(records) - cells} more of the same cells left out" * (cells < len(records))
    typer.echo(f"{cells} cells{left}: {out / 'index.html'}")
    if corrupt:
        more = f" (and {len(corrupt) - 1} more)" if len(corrupt) > 1 else ""
        fail(f"left out of the report: {corrupt[0]}{more}; the next run of its cell replaces it")


@app.command()
def validate(path: Annotated[Path, typer.Argument(help="a folder of records")]) -> None:
    """Check records: schema, planned seeds, spec hash, summary against curve; name each problem."""
    from bench.submission import validate as check

    with bad_input():
        count, problems = check(path)
    for problem in problems:
        typer.echo(one_line(problem), err=True)
    if problems:
        fail(f"{len(problems)} problem{'s'[: len(problems) > 1]} in {path}, of {count} records")
    typer.echo(f"{count} record{'s are' if count > 1 else ' is'} valid")
