"""What a submission may hold, by name alone, and what it may be called.

    submission.yaml                     whose it is
    <task>/<cell>.json                  a record
    <task>/<cell>.search.json           a search

Everything else is refused. Names are compared as other file systems than Linux's do, so that a
checkout is the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bench.records.paths import SEARCH_SUFFIX

MANIFEST = "submission.yaml"
MOST_FILES = 5_000
"""In one submission."""
MOST_BYTES = 256 * 1024 * 1024
"""Of all files of a submission together."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TAKEN = ("local", "actors", "logs", "checks")
"""Folders of other use below a results folder."""
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?")
"""No file can be called so on Windows."""


def name_problem(name: str, others: Iterable[str]) -> str | None:
    """Return why no submission can have this name beside the others; None if one can."""
    if not NAME.fullmatch(name):
        return f"{name!r} is no name: 1 to 64 small letters, digits, dots, dashes, underscores"
    if name in TAKEN:
        return f"{name!r} is the name of another folder; choose another name"
    if name.endswith((".", ".lock")):
        return f"{name!r} ends in a way that git or Windows does not allow; choose another name"
    if DEVICES.fullmatch(name):
        return f"{name!r} is the name of a device on Windows; choose another name"
    others = set(others)
    alike = sorted(other for other in others if _alike(other) == _alike(name))
    if name not in others and alike:
        return f"{name!r} is too much like {alike[0]!r}, which is there; choose another name"
    return None


def folded(text: str) -> str:
    """Return what all spellings of a path have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def text_problem(path: bytes) -> str | None:
    """Return why the bytes of a path, joined by slashes, are no usable text; None if they are."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return "a name that is no UTF-8 text"
    if not text.isprintable():
        return "a name with characters that cannot be printed"
    if any(part in {"", ".", ".."} for part in text.split("/")):
        return "a path that leads elsewhere"
    return None


def path_problem(parts: tuple[str, ...]) -> str | None:
    """Return why a submission may hold no such file; None if it may.

    `parts` are the path's below the submission's folder.
    """
    problem = text_problem("/".join(parts).encode("utf-8", errors="surrogateescape"))
    if problem is not None:
        return problem
    if parts == (MANIFEST,):
        return None
    if len(parts) != 2 or not parts[1].endswith(".json"):
        return "nothing that a submission holds"
    return _cell_problem(*parts)


def _cell_problem(task: str, file: str) -> str | None:
    # Imported only now, because that takes seconds.
    from bench.experiment import registry
    from bench.experiment.cell import Cell

    search = file.endswith(SEARCH_SUFFIX)
    stem = file.removesuffix(SEARCH_SUFFIX if search else ".json")
    try:
        registry.task(task)
        cell = Cell.parse(f"{task}/{stem}")
    except ValueError as error:  # no such task or strategy, or another way to write the name
        return f"not the name of a cell: {error}"
    if cell.name != stem:
        return f"not the name of a cell: did you mean {cell.name}?"
    names = (cell.strategy or "").split("+")
    if names != sorted(set(names)):  # grids sort them; one cell has one name
        return f"not the name of a cell: {cell.strategy} is not sorted, or holds a name twice"
    if search and cell.variant:
        return f"not the name of a search: that is {cell.published.name}{SEARCH_SUFFIX}"
    return None


def _alike(name: str) -> str:
    return re.sub(r"[._-]", "-", folded(name))
