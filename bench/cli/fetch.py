"""`fetch` downloads data and weights."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.errors import EXIT_MISSING, bad_input, error_line, fail, writable
from bench.cli.options import DataRoot, set_data_root
from bench.cli.terminal import print_table


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="names of downloads; without any, list them")
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Show what must be downloaded and where it belongs; with names (or all), download it.

    Damaged files count as missing and are replaced.
    """
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
        problems = datasets.SOURCES[name].problems()
        if not problems:
            typer.echo(f"{name} is complete")
            continue
        for problem in problems:
            if problem.damaged:
                typer.echo(f"{name}: {problem}; it is to be replaced")
        typer.echo(f"{name}: downloading what is missing into {datasets.root()}")
        try:
            datasets.fetch(name)
        except datasets.BadData as error:
            failures.append(str(error))
    table = Table("name", "state", "belongs in", "about", box=None, header_style="bold")
    for source in datasets.SOURCES.values():
        folder = (datasets.root() / source.files[0]).parent
        table.add_row(source.name, escape(source.state()), escape(str(folder)), source.about)
    print_table(table)
    for failure in failures[:-1]:
        error_line(failure)
    if failures:
        fail(failures[-1], EXIT_MISSING)
    if not wanted and any(source.problems() for source in datasets.SOURCES.values()):
        typer.echo("`python -m bench fetch NAME ...` (or all) downloads what is missing or damaged")
