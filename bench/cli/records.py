"""`show` draws what a cell has learned; `validate` checks records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import bad_input, fail, say
from bench.cli.execute import plural
from bench.cli.options import Results, Submission, check_name, usable_path
from bench.records.paths import LOCAL
from bench.records.plain_text import one_line

if TYPE_CHECKING:
    from bench.submissions.problem import Problem


def show(
    cell: Annotated[str, typer.Argument(help="TASK/CELL, as in pendulum/reference+r1")],
    results: Results = Path("results"),
    name: Submission = LOCAL,
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
    path: Annotated[
        Path | None, typer.Argument(help="a folder of records", callback=usable_path)
    ] = None,
    merged: Annotated[
        Path | None,
        typer.Option(
            help="a results folder with what is merged; default for RESULTS/2/NAME: RESULTS",
            callback=usable_path,
        ),
    ] = None,
    merge: Annotated[
        str | None, typer.Option(help="instead: a pull request's merge commit, read as data")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="what that is merged into; default: its first parent")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="the login of the pull request's author")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="problems as JSON on stdout")] = False,
) -> None:
    """Check records; name every problem: file, rule, what to do.

    RESULTS/2/NAME is checked beside RESULTS, as in a pull request; elsewhere, give --merged.
    """
    if merge is not None:
        if path is not None or merged is not None:
            fail("--merge needs no folder of records; give --merge and a commit alone")
        _validate_merge(merge, base, author, as_json)
    elif base is not None or author is not None:
        fail("--base and --author go with --merge")
    elif path is None:
        fail("give a folder of records, or --merge and a commit; see --help")
    else:
        _validate_folder(path, merged, as_json)


def _validate_folder(path: Path, merged: Path | None, as_json: bool) -> None:
    from bench.submissions import standing, validate

    with bad_input(validate.NothingToCheck, standing.BadStanding):
        checked = validate.validate(path, merged or _around(path))
    count, many = checked.count, plural(checked.count, "record")
    good = f"{many} {'are' if count > 1 else 'is'} valid"
    _tell(checked.problems, count, f"{path}, of {many}", good, as_json)


def _around(path: Path) -> Path | None:
    """The results folder that a submission lies in; None of another path."""
    from bench.experiment.protocol import PROTOCOL_VERSION

    whole = Path(os.path.abspath(path))
    if not path.is_dir() or whole.parent.name != PROTOCOL_VERSION:
        return None
    return path.parents[1] if len(path.parts) > 2 and ".." not in path.parts else whole.parents[1]


def _validate_merge(ref: str, base: str | None, author: str | None, as_json: bool) -> None:
    from bench.submissions import pull_request
    from bench.submissions.git_objects import BadGit
    from bench.submissions.standing import BadStanding

    try:
        found = pull_request.check(Path.cwd(), ref, base=base, author=author)
    except (BadGit, BadStanding) as error:  # without `bad_input`, which needs torch
        fail(str(error))
    _tell(found.problems, found.count, ref, found.line, as_json)


def _tell(problems: Sequence[Problem], count: int, where: str, good: str, as_json: bool) -> None:
    """Print problems, or the line that there are none; exits with an error if there are any."""
    if as_json:
        found = [
            {"file": one.file, "rule": one.rule, "problem": one.text, "what_to_do": one.remedy}
            for one in problems
        ]
        typer.echo(json.dumps({"checked": count, "problems": found}, indent=1))
    else:
        print_problems(problems)
    if problems:
        fail(f"{plural(len(problems), 'problem')} in {where}")
    if not as_json:
        typer.echo(one_line(good))


def print_problems(problems: Iterable[Problem]) -> None:
    """Print a line for each problem, then what to do for each broken rule, on stderr."""
    remedies: dict[tuple[str, str], None] = {}
    for problem in problems:
        typer.echo(one_line(str(problem)), err=True)
        remedies[problem.rule, problem.remedy] = None
    for rule, remedy in remedies:
        typer.echo(f"[{rule}] {remedy}", err=True)
