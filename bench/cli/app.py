"""The command line: bad input gives one line on stderr and exit code 2, before anything is run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from bench.cli import streams
from bench.cli.compare import compare
from bench.cli.contribute import check, new
from bench.cli.doctor import doctor
from bench.cli.errors import EXIT_BAD_INPUT, EXIT_FAULTY, EXIT_INTERRUPTED, error_line
from bench.cli.fetch import fetch
from bench.cli.list import list_
from bench.cli.process import keep_docstrings, prepare
from bench.cli.records import show, validate
from bench.cli.report import report
from bench.cli.reproduce import reproduce
from bench.cli.run import run
from bench.cli.status import status
from bench.cli.submit import submit
from bench.cli.tune import tune

app = typer.Typer(
    help="Crossover: do methods that stabilise GANs stabilise actor-critic RL, and vice versa?",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    *(run, tune, status, report, compare, show),
    *(validate, submit, reproduce, fetch, doctor, check),
):
    app.command()(command)
app.command("list")(list_)
app.add_typer(new, name="new")

USAGE_ERROR: Any = typer.BadParameter.__bases__[0]  # click's, of the click that typer uses


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `python -m bench`; prints the help if there are no arguments. Exits."""
    if arguments is None:
        keep_docstrings()
        streams.guard()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Cluster schedulers send SIGTERM before they kill a job.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare()
        code = app(given or ["--help"], standalone_mode=False)
    except USAGE_ERROR as error:
        error_line(f"{error.format_message().rstrip('.')}; see --help")
        code = EXIT_BAD_INPUT
    except typer.Exit as ended:
        code = ended.exit_code
    except (KeyboardInterrupt, typer.Abort):
        error_line("interrupted")
        code = EXIT_INTERRUPTED
    lost = streams.problem()
    if lost is not None:
        error_line(lost)
        code = code or EXIT_FAULTY
    sys.exit(code)
