"""`show` draws what a cell has learned; `validate` checks records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.errors import bad_input, fail, say
from bench.cli.options import Results, Submission, check_name, usable_path
from bench.records.plain_text import one_line


def show(
    cell: Annotated[str, typer.Argument(help="TASK/CELL, as in pendulum/reference+r1")],
    results: Results = Path("results"),
    name: Submission = "local",
    out: Annotated[
        Path | None,
        typer.Option(help="a .png or .gif; default: named by cell", callback=usable_path),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, max=5000, help="maximum length of an episode")] = 300,
) -> None:
    """Draw what a cell has learned: its samples, or an episode of its trained actor (PNG, GIF)."""
    from bench.records.paths import submission_folder
    from bench.report import show as pictures

    check_name(name)
    folder = submission_folder(results, name)
    with bad_input(pictures.NothingToShow):
        say(str(pictures.show(cell, folder, out, steps)))


def validate(
    path: Annotated[Path, typer.Argument(help="a folder of records", callback=usable_path)],
) -> None:
    """Check records: schema, planned seeds, spec hash, summary against curve; name each problem."""
    from bench.submissions import validate

    with bad_input(validate.NothingToCheck):
        count, problems = validate.validate(path)
    for problem in problems:
        typer.echo(one_line(problem), err=True)
    if problems:
        fail(f"{len(problems)} problem{'s'[: len(problems) > 1]} in {path}, of {count} records")
    typer.echo(f"{count} record{'s are' if count > 1 else ' is'} valid")
