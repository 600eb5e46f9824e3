"""`show` draws what a cell has learned; `validate` checks records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import bad_input, fail, one_line
from bench.cli.execute import plural
from bench.cli.options import Results, Submission, check_name, usable_path

if TYPE_CHECKING:
    from bench.submissions.problem import Problem


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
    path: Annotated[Path, typer.Argument(help="a folder of records", callback=usable_path)],
    merged: Annotated[
        Path | None,
        typer.Option(help="a results folder with what is merged already", callback=usable_path),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="problems as JSON on stdout")] = False,
) -> None:
    """Check records as a pull request is checked; name every problem: file, rule, what to do."""
    from bench.submissions import validate

    with bad_input(validate.NothingToCheck):
        checked = validate.validate(path, merged)
    problems, count = checked.problems, checked.count
    if as_json:
        found = [
            {"file": one.file, "rule": one.rule, "problem": one.text, "what_to_do": one.remedy}
            for one in problems
        ]
        typer.echo(json.dumps({"checked": count, "problems": found}, indent=1))
    else:
        print_problems(problems)
    if problems:
        fail(f"{plural(len(problems), 'problem')} in {path}, of {plural(count, 'record')}")
    if not as_json:
        typer.echo(f"{plural(count, 'record')} {'are' if count > 1 else 'is'} valid")


def print_problems(problems: Iterable[Problem]) -> None:
    """Print a line for each problem, then what to do for each broken rule, on stderr."""
    remedies = {}
    for problem in problems:
        typer.echo(one_line(str(problem)), err=True)
        remedies[problem.rule] = problem.remedy
    for rule, remedy in remedies.items():
        typer.echo(f"[{rule}] {remedy}", err=True)
