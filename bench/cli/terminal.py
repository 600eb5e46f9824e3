"""Tables on a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table


def print_table(table: Table, width: int = 200) -> None:
    """Print a table to stdout: as wide as the terminal, or `width` columns where there is none."""
    # The present stdout, which tests and engines may have replaced.
    console = Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else width
    )
    console.print(table)
