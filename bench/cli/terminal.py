"""Tables on a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

NARROW = 80
"""Columns below which a table becomes a list: a block for each row, so that nothing is cut."""


def print_table(table: Table, width: int = 200) -> None:
    """Print a table to stdout: as wide as the terminal, or `width` columns where there is none.

    Names in the first column are in one line and whole, other text is broken where it must be.
    """
    # The present stdout, which tests and engines may have replaced.
    console = Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else width
    )
    if console.width < NARROW:
        _print_blocks(table, console)
        return
    first, *rest = table.columns
    first.no_wrap, first.min_width = True, max(map(_length, first.cells), default=0)
    for column in rest:
        column.overflow = "fold"
    console.print(table)


def _print_blocks(table: Table, console: Console) -> None:
    headers = [str(column.header) for column in table.columns]
    for first, *cells in zip(*(column.cells for column in table.columns), strict=True):
        console.print(first, soft_wrap=True, style="bold")
        for header, cell in zip(headers[1:], cells, strict=True):
            if str(cell):
                text = Text.from_markup(f"{header}: {cell}" if header else str(cell))
                text.overflow = "fold"
                console.print(Padding(text, (0, 0, 0, 2)))


def _length(cell: object) -> int:
    return Text.from_markup(str(cell)).cell_len
