"""`submit` makes a folder of records ready for a pull request."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import bad_input, fail
from bench.cli.execute import plural
from bench.cli.options import Results, check_name
from bench.cli.records import print_problems

if TYPE_CHECKING:
    from bench.records.store import Found


def submit(
    name: Annotated[str, typer.Option(help="the submission: a folder of records", metavar="NAME")],
    results: Results = Path("results"),
    source: Annotated[
        str | None,
        typer.Option("--from", help="copy what this one has first, such as local", metavar="NAME"),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="your login on GitHub; default: the folder's, or git's github.user"),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="CC-BY-4.0 (the default), CC0-1.0 or MIT")
    ] = None,
) -> None:
    """Collect and check records, write submission.yaml, and print the git commands to send them."""
    from bench.records.paths import submission_folder
    from bench.records.store import Found, walk
    from bench.submissions import manifest
    from bench.submissions.standing import BadStanding
    from bench.submissions.validate import validate

    check_name(name)
    if name == manifest.OWN:
        fail(f"--name {name} is the folder of your own runs; choose another name")
    folder = submission_folder(results, name)
    if source is not None:
        check_name(source)
        _collect(submission_folder(results, source), folder)
    if not folder.is_dir():
        fail(
            f"there is no {folder}; run with --name {name}, or copy your own records there: "
            f"submit --name {name} --from local"
        )
    found = [item for item in walk(folder, follow=False) if isinstance(item, Found)]
    _write(folder, found, by, licence)
    with bad_input(BadStanding):
        checked = validate(folder, results)
    if checked.problems:
        print_problems(checked.problems)
        fail(f"{plural(len(checked.problems), 'problem')} in {folder}; nothing is ready to be sent")
    tasks = len({item.record.task for item in found})
    what = f"{plural(len(found), 'cell')} of {plural(tasks, 'task')}"
    typer.echo(f"{folder}: {what}, all valid. To send them:")
    for line in commands(folder, name, what):
        typer.echo(f"    {line}")
    typer.echo("`origin` is your fork of the repository there. Then open a pull request from that")
    typer.echo("branch to main, which holds nothing else.")
    typer.echo(_compared())


def _compared() -> str:
    """With what the commits of the records were compared."""
    from bench.submissions import known_commits

    try:
        name, last = known_commits.trunk()
    except OSError:
        return "Git cannot be run here, so that no commit was looked for in main."
    return f"The code's commits were looked for in {name}, up to {last[:12]}; CI looks in main."


def commands(folder: Path, name: str, what: str) -> list[str]:
    """The commands of git that make a branch with a submission, or add to it."""
    branch = shlex.quote(f"results-{name}")
    there = _git("rev-parse", "--verify", "--quiet", f"refs/heads/results-{name}")
    return [
        f"git switch {'' if there else '-c '}{branch}",
        f"git add -- {shlex.quote(str(folder))}",
        f"git commit -m {shlex.quote(f'Results of {name}: {what}')}",
        f"git push -u origin {branch}",
    ]


def _collect(source: Path, folder: Path) -> None:
    """Copy records and searches; what is there and differs stays, and ends the command."""
    from bench.records.json_file import MAX_BYTES

    if not source.is_dir():
        fail(f"there is no {source}; run `python -m bench run` first")
    files = {path: folder / path.relative_to(source) for path in sorted(source.rglob("*.json"))}
    for path in (*files, *(place for place in files.values() if os.path.lexists(place))):
        if not path.is_file():  # a pipe or a device may never end
            fail(f"{path} is no plain file; remove it, then submit again")
        if path.stat().st_size > MAX_BYTES:
            fail(f"{path} is larger than {MAX_BYTES // 1024} kB, as no record is; remove it")
    for path, place in files.items():
        if place.exists() and place.read_bytes() != path.read_bytes():
            fail(f"{place} is there and differs from {path}; remove the one that you do not want")
    for path, place in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _write(folder: Path, found: list[Found], by: str | None, licence: str | None) -> None:
    """Write submission.yaml; what is not given stays as it was."""
    from pydantic import ValidationError

    from bench.experiment.validation import first_problem
    from bench.records.atomic import write_atomically
    from bench.submissions import manifest

    file = folder / manifest.FILE
    try:
        before = manifest.load(file)
        by, licence = by or before.by, licence or before.licence
    except (FileNotFoundError, manifest.BadManifest):
        by, licence = by or _login(), licence or manifest.LICENCES[0]
    if by is None:
        fail("whose submission is it? give --by LOGIN, your login on GitHub")
    try:
        text = manifest.to_text(manifest.of(by, licence, found))
    except ValidationError as error:
        fail(f"submission.yaml cannot be written: {first_problem(error)}")
    write_atomically(file, text)


def _login() -> str | None:
    """What git knows as the login on GitHub."""
    return _git("config", "--get", "github.user")


def _git(*arguments: str) -> str | None:
    """What git says here; None if it says nothing, or cannot be run."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
