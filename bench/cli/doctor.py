"""`doctor` checks this machine before a run, with a fix for each problem."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.errors import EXIT_FAULTY, fail
from bench.cli.options import Address, DataRoot, Results, set_data_root
from bench.cli.terminal import print_table

COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


def doctor(
    results: Results = Path("results"), data_root: DataRoot = None, address: Address = None
) -> None:
    """Examine this machine: versions, devices, compiler, data, disk, Ray; a fix for each problem.

    At last it runs a tiny cell, as `run` would, which takes a quarter of a minute.

    Exit codes: 0 runs will work, perhaps without some tasks or slower; 1 there is a problem.
    """
    from bench.engine.preflight import examine

    set_data_root(data_root)
    table = Table("", "what", "found", "what to do", box=None, header_style="bold", pad_edge=False)
    problems = 0
    for finding in examine(results, address or os.environ.get("RAY_ADDRESS")):
        problems += finding.state == "problem"
        state = f"[{COLOURS[finding.state]}]{finding.state}[/]"
        table.add_row(state, finding.what, escape(finding.text), escape(finding.fix))
    print_table(table)
    if problems:
        fail(f"{problems} problem{'s'[: problems > 1]}; see the last column", EXIT_FAULTY)
    typer.echo("runs will work here")
