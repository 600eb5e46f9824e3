"""`show` draws what a cell has learned; `validate` checks records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.errors import bad_input, fail, note, one_line
from bench.cli.options import Results, Submission, check_name, usable_path


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
        typer.echo(str(pictures.show(cell, folder, out, steps)))


def validate(
    path: Annotated[
        Path | None, typer.Argument(help="a folder of records", callback=usable_path)
    ] = None,
    merge: Annotated[
        str | None, typer.Option(help="instead: a pull request's merge commit, read as data")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="what it is merged into; default: its first parent")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="the login of the pull request's author")
    ] = None,
) -> None:
    """Check records: schema, planned seeds, spec hash, summary against curve; name each problem."""
    if (path is None) == (merge is None):
        fail("give either a folder of records, or --merge and a commit")
    if merge is not None:
        _validate_merge(merge, base, author)
    elif base is not None or author is not None:
        fail("--base and --author go with --merge")
    elif path is not None:
        _validate_folder(path)


def _validate_folder(path: Path) -> None:
    from bench.submissions import validate

    with bad_input(validate.NothingToCheck):
        count, problems = validate.validate(path)
    for problem in problems:
        typer.echo(one_line(problem), err=True)
    if problems:
        fail(f"{len(problems)} problem{'s'[: len(problems) > 1]} in {path}, of {count} records")
    typer.echo(f"{count} record{'s are' if count > 1 else ' is'} valid")


def _validate_merge(ref: str, base: str | None, author: str | None) -> None:
    from bench.submissions import merge
    from bench.submissions.git_objects import BadGit

    try:
        found = merge.check(Path.cwd(), ref, base=base, author=author)
    except BadGit as error:  # without `bad_input`, which needs torch
        fail(str(error))
    for problem in found.problems:
        typer.echo(one_line(str(problem)), err=True)
    if found.problems:
        for remedy in sorted({problem.remedy for problem in found.problems}):
            note(remedy)
        count = len(found.problems)
        fail(f"{count} problem{'s'[: count > 1]} in {ref}")
    typer.echo(one_line(found.line))
