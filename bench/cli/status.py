"""`status` shows the progress of a run, from another shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.errors import fail, say, say_json
from bench.cli.options import Results, Submission, check_name
from bench.cli.terminal import print_table
from bench.records.paths import LOCAL
from bench.records.plain_text import one_line


def status(
    results: Results = Path("results"),
    name: Submission = LOCAL,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Show a run's progress from another shell: what is done, running, failed; time left."""
    from bench.engine.run_lock import at_work
    from bench.engine.status_file import duration, read, since
    from bench.records.paths import status_path, submission_folder

    check_name(name)
    folder = submission_folder(results, name)
    found = read(status_path(folder))
    if found is None:
        fail(f"no run was started in {folder}; start one, or give --results and --name")
    if as_json:
        say_json(found.model_dump(mode="json"))
        return
    goes_on = at_work(folder)
    where = f"process {found.process} on {found.host}"
    ago = f"{duration(since(found.written))} ago"
    if goes_on:
        say(f"running for {duration(found.age)} ({where}); as of {ago}")
    else:
        say(f"{'stopped' if found.to_go else 'ended'} {ago} ({where})")
    text = (
        f"{found.done} of {found.jobs} {found.unit} done, {found.seeds_done} of {found.seeds} seeds"
    )
    if goes_on and found.left is not None:
        text += f", about {duration(found.left)} left"
    say(text)
    for what, reasons in (("failed", found.failed), ("tried again", found.retried)):
        if reasons:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
            say(f"{what}: {counts}")
    for line in found.failures:
        say(f"failed {line}")
    if goes_on and found.running:
        table = Table("running", "seeds", "done", "for", "log", box=None, header_style="bold")
        for cell in found.running:
            age = duration(since(cell.since))
            made = (cell.cell, str(cell.seeds), f"{cell.share:.0%}", age, cell.log)
            table.add_row(*(escape(one_line(text)) for text in made))
        print_table(table)
    if not goes_on and found.to_go:
        say("run the same command again to go on")
