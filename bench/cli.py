"""The command line. Bad input is one line on stderr and exit code 2; nothing is lost."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from bench.commands import check, new
from bench.messages import (
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

if TYPE_CHECKING:
    from bench.cells import Todo

app = typer.Typer(
    help="Crossover: which tricks that stabilise GANs also stabilise actor-critic RL, and back.",
    pretty_exceptions_enable=False,
    add_completion=False,
)

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
    kits = "kits"


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


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    """Names from a repeated option and from comma-separated lists alike."""
    if not given:
        return None
    return tuple(name.strip() for part in given for name in part.split(",") if name.strip())


Names = Annotated[list[str] | None, typer.Option(help="instead of the grid's; a,b or repeated")]
Results = Annotated[Path, typer.Option(help="where records are kept")]
DataRoot = Annotated[
    Path | None, typer.Option(help="where data and weights lie; default $CROSSOVER_DATA, or data")
]


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
    updates: Annotated[
        int | None, typer.Option(min=1, help="a trial: another budget, left out of reports")
    ] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
) -> None:
    """Run what is missing of a grid: cells whose records exist are not run again.

    Exit codes: 0 all records are there, 2 bad input and nothing was run, 3 some cells failed or
    were skipped for want of data, 130 interrupted.
    """
    from bench import cells
    from bench.grid import load_grid

    _plain(name)
    if environments is Environments.envpool:
        need_envpool()
    _set_data_root(data_root)
    folder = cells.submission_folder(results, name)
    with bad_input():
        chosen = load_grid(grid).narrowed(
            _names(tasks), _names(strategies), _names(base), seeds, updates
        )
        wanted = chosen.cells()
        cells.check(wanted, chosen.seeds)
        if not dry_run:
            writable(folder)
        todo = cells.missing(wanted, folder, chosen.seeds, environments.value, dry_run=dry_run)
    for line in (*todo.corrupt, *(f"skipping {task}: {why}" for task, why in todo.skipped.items())):
        typer.echo(one_line(f"warning: {line}"), err=True)
    console = Console(highlight=False)
    _announce(console, todo, chosen.seeds)
    if dry_run:
        return
    for parent in {job.path.parent for job in todo.jobs}:
        writable(parent)
    if todo.jobs:
        say_if_slow()
        _run_jobs(console, todo, engine, folder)
    if todo.skipped:
        names = ", ".join(todo.skipped)
        fail(f"skipped for want of data: {names}; all other cells have records", EXIT_MISSING)
    console.print(f"all cells have records in {folder}", soft_wrap=True, markup=False)


def _plain(name: str) -> None:
    if not NAME.fullmatch(name):
        fail(f"--name {name!r} is no plain name; use a to z, 0 to 9, dot, dash and underscore")


def _set_data_root(folder: Path | None) -> None:
    """For this process and for those it starts."""
    from bench import datasets

    if folder is not None and not folder.is_dir():
        fail(f"--data-root {folder} is no folder; make it, or give one that is there")
    os.environ[datasets.VARIABLE] = str((folder or datasets.root()).absolute())


def _announce(console: Console, todo: Todo, seeds: int) -> None:
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


def _run_jobs(console: Console, todo: Todo, engine: Engine, folder: Path) -> None:
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


@app.command("list")
def list_(
    kind: Annotated[Kind, typer.Argument(help="what to list")],
    as_json: Annotated[bool, typer.Option("--json", help="all that is declared")] = False,
) -> None:
    """Show what exists, from docstrings and declarations."""
    from bench import listing

    rows = getattr(listing, kind.value)()
    if as_json:
        typer.echo(json.dumps(rows, indent=1, sort_keys=True))
        return
    columns = [column for column in rows[0] if column not in listing.LEFT_OUT]
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(listing.shown(row[column]) for column in columns))
    width = None if sys.stdout.isatty() else 160
    Console(highlight=False, width=width).print(table)


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

    folder = results / PROTOCOL_VERSION
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    found = list(walk(folder))
    corrupt = [item for item in found if not isinstance(item, Found)]
    records = [item.record for item in found if isinstance(item, Found)]
    if not records:
        fail(str(corrupt[0]) if corrupt else f"no records in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    writable(out)
    writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report import build_report  # imports for seconds
    from bench.report.collect import ranking

    ranked = ranking([item for item in found if isinstance(item, Found)])
    build_report([item.record for item in ranked], out, board)
    cells = len({(record.task, record.cell) for record in records})
    left = f"; {len(records) - cells} more of the same cells left out" * (cells < len(records))
    typer.echo(f"{cells} cells{left}: {out / 'index.html'}")
    if corrupt:
        more = f" (and {len(corrupt) - 1} more)" if len(corrupt) > 1 else ""
        fail(f"left out of the report: {corrupt[0]}{more}; the next run of its cell replaces it")


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="which; without names, only list")
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Show what must be downloaded and where it belongs; with names (or all), download it."""
    from bench import datasets
    from bench.registry import unknown

    if data_root is not None and names:
        writable(data_root)
    _set_data_root(data_root)
    wanted = list(datasets.SOURCES) if "all" in (names or ()) else names or []
    with bad_input():
        for name in wanted:
            if name not in datasets.SOURCES:
                raise unknown("download", name, datasets.SOURCES)
    failures = []
    for name in wanted:
        if not datasets.SOURCES[name].missing():
            typer.echo(f"{name} is there")
            continue
        typer.echo(f"{name}: downloading what is missing into {datasets.root()}")
        try:
            datasets.fetch(name)
        except datasets.BadData as error:
            failures.append(str(error))
    table = Table("name", "state", "belongs in", "about", box=None, header_style="bold")
    for source in datasets.SOURCES.values():
        lacking = len(source.missing())
        state = f"{lacking} of {len(source.files)} files missing" if lacking else "there"
        folder = (datasets.root() / source.files[0]).parent
        table.add_row(source.name, state, str(folder), source.about)
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, width=width).print(table)
    for failure in failures[:-1]:
        typer.echo(one_line(f"error: {failure}"), err=True)
    if failures:
        fail(failures[-1], EXIT_MISSING)
    if not wanted and any(source.missing() for source in datasets.SOURCES.values()):
        typer.echo("`python -m bench fetch NAME ...` (or all) downloads what is missing")


@app.command()
def show(
    cell: Annotated[str, typer.Argument(help="TASK/CELL, as in pendulum/reference+r1")],
    results: Results = Path("results"),
    name: Annotated[str, typer.Option(help="the submission's name below results")] = "local",
    out: Annotated[Path | None, typer.Option(help="a .png or .gif; default: named by cell")] = None,
    steps: Annotated[int, typer.Option(min=1, max=5000, help="of an episode, at most")] = 300,
) -> None:
    """Draw what a cell has learned: its samples, or an episode of its trained actor (PNG, GIF)."""
    from bench import cells
    from bench import show as pictures

    _plain(name)
    folder = cells.submission_folder(results, name)
    with bad_input(pictures.NothingToShow):
        typer.echo(str(pictures.show(cell, folder, out, steps)))


@app.command()
def validate(path: Annotated[Path, typer.Argument(help="a folder of records")]) -> None:
    """Check records: schema, planned seeds, spec hash, summary against curve; name each problem."""
    from bench import submission

    with bad_input(submission.NothingToCheck):
        count, problems = submission.validate(path)
    for problem in problems:
        typer.echo(one_line(problem), err=True)
    if problems:
        fail(f"{len(problems)} problem{'s'[: len(problems) > 1]} in {path}, of {count} records")
    typer.echo(f"{count} record{'s are' if count > 1 else ' is'} valid")


app.command()(check)
app.add_typer(new, name="new")
