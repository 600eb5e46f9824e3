"""Options that several commands share, and what they are checked for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.errors import fail

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

HOW = "How cells are run"

Names = Annotated[list[str] | None, typer.Option(help="instead of the grid's; a,b or repeated")]
Results = Annotated[Path, typer.Option(help="where records are kept")]
Submission = Annotated[str, typer.Option(help="the submission's name below results")]
DataRoot = Annotated[
    Path | None, typer.Option(help="where data and weights lie; default $CROSSOVER_DATA, or data")
]

Address = Annotated[
    str | None,
    typer.Option(
        help="a Ray cluster's HOST:PORT, or auto; default $RAY_ADDRESS, or this machine alone",
        rich_help_panel=HOW,
    ),
]


def names(given: list[str] | None) -> tuple[str, ...] | None:
    """Names from a repeated option and from comma-separated lists alike."""
    if not given:
        return None
    return tuple(name.strip() for part in given for name in part.split(",") if name.strip())


def plain(name: str) -> None:
    """Refuse what cannot be the name of a submission."""
    if not NAME.fullmatch(name):
        fail(f"--name {name!r} is no plain name; use a to z, 0 to 9, dot, dash and underscore")


def set_data_root(folder: Path | None) -> None:
    """For this process and for those it starts."""
    from bench.scoring import datasets

    if folder is not None and not folder.is_dir():
        fail(f"--data-root {folder} is no folder; make it, or give one that is there")
    os.environ[datasets.VARIABLE] = str((folder or datasets.root()).absolute())
