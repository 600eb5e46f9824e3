"""The commands for contributors: `new` and `check`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.cli.errors import EXIT_FAULTY, bad_input, error_line, fail

new = typer.Typer(help="Write the files of a new strategy, from a working template.")


class Home(StrEnum):
    """The field in which an idea originated."""

    gan = "gan"
    rl = "rl"
    both = "both"


@new.callback()
def _new() -> None:
    """Keep `strategy` a subcommand although it is the only one."""


@new.command()
def strategy(
    name: Annotated[str, typer.Argument(help="name of the strategy, its file and its function")],
    home: Annotated[Home, typer.Option(help="field in which the idea originated")] = Home.gan,
) -> None:
    """Write strategies/NAME.py and tests/facts/test_NAME.py, a working strategy and its test."""
    from bench.contribute import scaffold

    with bad_input(scaffold.BadName, OSError):
        for path in scaffold.new_strategy(name, home.value):
            typer.echo(f"wrote {_near(path)}")
    typer.echo(f"change both, then: python -m bench check {name}")


def check(
    name: Annotated[str, typer.Argument(help="a strategy, also NAME@PLAYER")],
    tasks: Annotated[
        list[str] | None, typer.Option(help="tasks; default: one core task of each kind")
    ] = None,
) -> None:
    """Check a strategy: every law on every kind of task, and what it can be combined with."""
    from bench.contribute import examine
    from bench.experiment import registry

    chosen = [part.strip() for each in tasks or () for part in each.split(",")]
    with bad_input():
        found = examine.examine(name, chosen or examine.representatives(name))
    console = Console(highlight=False)
    console.print(f"{name} on {', '.join(found.tasks)}:", soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    for law, bad in found.laws.items():
        table.add_row(law, f"[bold red]fails on {', '.join(bad)}[/]" if bad else "[green]holds[/]")
    console.print(table)
    for task, why in found.inert.items():
        console.print(f"inert on {task}: {why}", markup=False, soft_wrap=True)
    if found.conflicts is not None:
        others = len(registry.strategies()) - 1 - len(found.conflicts)
        console.print(f"goes together with {others} strategies")
        for other, why in found.conflicts.items():
            console.print(f"not with {other}: {why}", markup=False, soft_wrap=True)
    if found.fact:
        console.print(f"its known fact: {_near(found.fact)}", soft_wrap=True)
    console.print(f"{found.seconds:.0f} s")
    faults = list(dict.fromkeys(found.faults))
    for fault in faults[:-1]:
        error_line(fault)
    if faults:
        fail(faults[-1], EXIT_FAULTY)


def _near(path: Path) -> Path:
    """Return the path relative to the working directory, if it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
