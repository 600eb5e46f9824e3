"""The command line. Bad input is one line on stderr and exit code 2; nothing is lost."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from bench.cli.contribute import check, new
from bench.cli.doctor import doctor
from bench.cli.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    bad_input,
    fail,
    one_line,
    writable,
)
from bench.cli.options import DataRoot, Results, Submission, plain, set_data_root
from bench.cli.run import run
from bench.cli.status import status
from bench.cli.tune import tune

app = typer.Typer(
    help="Crossover: which tricks that stabilise GANs also stabilise actor-critic RL, and back.",
    pretty_exceptions_enable=False,
    add_completion=False,
)

USAGE_ERROR: Any = typer.BadParameter.__bases__[0]  # click's, whichever click typer brings along


class Kind(StrEnum):
    """What `list` lists."""

    tasks = "tasks"
    strategies = "strategies"
    grids = "grids"
    kits = "kits"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `python -m bench`: the help if there are no arguments."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A cluster's scheduler ends a job like this before it kills it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(given or ["--help"], standalone_mode=False)
    except USAGE_ERROR as error:
        typer.echo(one_line(f"error: {error.format_message().rstrip('.')}; see --help"), err=True)
        code = EXIT_BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("error: interrupted", err=True)
        code = EXIT_INTERRUPTED
    sys.exit(code)


app.command()(run)
app.command()(tune)
app.command()(status)
app.command()(doctor)


@app.command("list")
def list_(
    kind: Annotated[Kind, typer.Argument(help="what to list")],
    as_json: Annotated[bool, typer.Option("--json", help="all that is declared")] = False,
) -> None:
    """Show what exists, from docstrings and declarations."""
    from bench.cli import listing

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
    from bench.experiment.grid import PROTOCOL_VERSION
    from bench.records import search
    from bench.records.record import Found, walk

    folder = results / PROTOCOL_VERSION
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    found, searched = list(walk(folder)), list(search.walk(folder))
    corrupt = [item for item in found if not isinstance(item, Found)]
    corrupt += [item for _, item in searched if not isinstance(item, search.Search)]
    records = [item.record for item in found if isinstance(item, Found)]
    if not records:
        fail(str(corrupt[0]) if corrupt else f"no records in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    writable(out)
    writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report import build_report  # imports for seconds
    from bench.report.findings import ranking
    from bench.report.searches import believed, sort_out

    ranked, ignored = believed(ranking([item for item in found if isinstance(item, Found)]))
    if not ranked:
        fail(": ".join(ignored[0]))
    shown, others = sort_out(searched, ranked)
    build_report([item.record for item in ranked], out, board, shown, ignored + others)
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
    from bench.experiment.registry import unknown
    from bench.scoring import datasets

    if data_root is not None and names:
        writable(data_root)
    set_data_root(data_root)
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
    name: Submission = "local",
    out: Annotated[Path | None, typer.Option(help="a .png or .gif; default: named by cell")] = None,
    steps: Annotated[int, typer.Option(min=1, max=5000, help="of an episode, at most")] = 300,
) -> None:
    """Draw what a cell has learned: its samples, or an episode of its trained actor (PNG, GIF)."""
    from bench.engine import plan
    from bench.report import show as pictures

    plain(name)
    folder = plan.submission_folder(results, name)
    with bad_input(pictures.NothingToShow):
        typer.echo(str(pictures.show(cell, folder, out, steps)))


@app.command()
def validate(path: Annotated[Path, typer.Argument(help="a folder of records")]) -> None:
    """Check records: schema, planned seeds, spec hash, summary against curve; name each problem."""
    from bench.records import validate

    with bad_input(validate.NothingToCheck):
        count, problems = validate.validate(path)
    for problem in problems:
        typer.echo(one_line(problem), err=True)
    if problems:
        fail(f"{len(problems)} problem{'s'[: len(problems) > 1]} in {path}, of {count} records")
    typer.echo(f"{count} record{'s are' if count > 1 else ' is'} valid")


app.command()(check)
app.add_typer(new, name="new")
