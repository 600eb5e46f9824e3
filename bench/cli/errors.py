"""Errors and warnings of the command line: one line on stderr, and exit codes."""

from __future__ import annotations

import importlib.util
import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from bench.records.plain_text import one_line

EXIT_FAULTY, EXIT_BAD_INPUT, EXIT_MISSING, EXIT_INTERRUPTED = 1, 2, 3, 130


def say(text: str) -> None:
    """Print one line on stdout; what files of others say in it does nothing to the terminal."""
    typer.echo(one_line(text))


def say_json(content: object, *, sort_keys: bool = False) -> None:
    """Print JSON in ASCII, in which GitHub's log reader finds no command."""
    text = json.dumps(content, indent=1, sort_keys=sort_keys)
    typer.echo(text.replace("##[", "#\\u0023["))


def error_line(message: str) -> None:
    """Print an error as one line on stderr."""
    typer.echo(one_line(f"error: {message}"), err=True)


def fail(message: str, code: int = EXIT_BAD_INPUT) -> NoReturn:
    """Print an error as one line on stderr, and exit."""
    error_line(message)
    raise typer.Exit(code)


def warning(message: str) -> None:
    """Print a warning as one line on stderr."""
    typer.echo(one_line(f"warning: {message}"), err=True)


class WarningLines(logging.Handler):
    """Prints what the suite logs, such as on plug-ins that cannot be used, as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record as a warning."""
        warning(record.getMessage())


@contextmanager
def bad_input(*also: type[Exception]) -> Iterator[None]:
    """A context in which errors that a user can fix become one line and exit code 2.

    Other exceptions, which are bugs, keep their traceback. `also` are further errors of this kind,
    for one command.
    """
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        fail("interrupted before anything was run", EXIT_INTERRUPTED)
    except Exception as error:
        if isinstance(error, (*_fixable(), *also)):
            fail(str(error))
        raise


def _fixable() -> tuple[type[Exception], ...]:
    """Return the errors that a user can fix; imported only now, because that takes seconds."""
    from bench.experiment.cell import BadGrid
    from bench.experiment.registry import Incomplete, UnknownName
    from bench.learner.strategy import Conflict
    from bench.records.json_file import CorruptRecord
    from bench.scoring.datasets import BadData

    return UnknownName, Incomplete, BadGrid, BadData, Conflict, CorruptRecord


def writable(folder: Path) -> None:
    """Exit with an error if no file can be written in a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror}; choose another folder")


def need_optuna() -> None:
    """Exit with an error if optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        fail("optuna is not installed; `pip install optuna`, or use --searcher random")


def need_gpu() -> None:
    """Exit with an error if torch finds no GPU in this process."""
    import torch

    if not torch.cuda.is_available():
        fail("torch finds no GPU here; leave out --gpus-per-cell, or see `python -m bench doctor`")


def check_provenance() -> None:
    """Print a note if records will not name the commit of this checkout."""
    from bench.records.provenance import checkout_problem

    problem = checkout_problem()
    if problem is not None:
        note(f"records will name no commit, so they cannot be submitted: {problem}")


def note(message: str) -> None:
    """Print a note as one line on stderr."""
    typer.echo(one_line(f"note: {message}"), err=True)


def check_compiler() -> None:
    """Print a note if nothing can be compiled here; exit if the cache cannot be used."""
    from bench.engine.machine import cache_problem
    from bench.engine.preflight import compiler_problem

    problem = cache_problem()
    if problem is not None:
        fail(f"{problem}; name another folder, or unset it")
    problem = compiler_problem()
    if problem is not None:
        note(
            f"{problem}, so updates are replayed, not compiled: the same results to rounding, up "
            f"to three times slower"
        )
