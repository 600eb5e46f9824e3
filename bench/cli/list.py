"""`list` shows what exists, from docstrings and declarations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from bench.cli.errors import bad_input, say_json
from bench.cli.terminal import print_table


class Kind(StrEnum):
    """What `list` lists."""

    tasks = "tasks"
    strategies = "strategies"
    grids = "grids"
    kits = "kits"


def list_(
    kind: Annotated[Kind, typer.Argument(help="what to list")],
    as_json: Annotated[bool, typer.Option("--json", help="all that is declared")] = False,
) -> None:
    """Show what exists, from docstrings and declarations."""
    from bench.cli import listing

    with bad_input():
        rows = getattr(listing, kind.value)()
    if as_json:
        say_json(rows, sort_keys=True)
        return
    every = dict.fromkeys(column for row in rows for column in row)  # grids leave some out
    columns = [column for column in every if column not in listing.LEFT_OUT]
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(listing.as_text(row.get(column, "")) for column in columns))
    print_table(table, width=160)
