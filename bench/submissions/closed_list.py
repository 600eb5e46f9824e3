"""What a submission may hold, by name alone, and what it may be called; so for checks.

    submission.yaml                     whose it is
    <task>/<cell>.json                  a record
    <task>/<cell>.search.json           a search

Below results/checks/<protocol>/<submission>/, from the maintainers:

    <task>/<cell>.json                  a check of that record
    draws/<hash of a commit>.json       a draw

Everything else is refused. Names are compared as other file systems than Linux's do, so that a
checkout is the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bench.records.paths import CHECKS, LOCAL, OF_THE_MACHINE, SEARCH_SUFFIX

MANIFEST = "submission.yaml"
STANDING = "standing.yaml"
KEPT = ("README.md", "FINDINGS.md", STANDING)
"""Files of a results folder that the maintainers keep."""
MOST_FILES = 5_000
"""In one submission."""
MOST_BYTES = 256 * 1024 * 1024
"""Of all files of a submission together."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TAKEN = (LOCAL, *OF_THE_MACHINE, CHECKS)
"""Folders of other use below a results folder."""
DRAWS = "draws"
DRAW = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?[.]json")
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?")
"""No file can be called so on Windows."""


def name_problem(name: str, others: Iterable[str]) -> str | None:
    """Return why no submission can have this name beside the others; None if one can."""
    wrong = _name_problem(name)
    if wrong is not None:
        return f"{name!r} {wrong}"
    others = set(others)
    alike = sorted(other for other in others if _alike(other) == _alike(name))
    if name not in others and alike:
        return f"{name!r} is too much like {alike[0]!r}, which is there; choose another name"
    return None


def _name_problem(name: str) -> str | None:
    if not NAME.fullmatch(name):
        return "is no name: 1 to 64 small letters, digits, dots, dashes, underscores"
    faults = {
        "is the name of another folder": name in TAKEN,
        "is a number, as a protocol is": name.isdigit(),
        "holds '..', which no branch of git may": ".." in name,
        "ends in a way that git or Windows does not allow": name.endswith((".", ".lock")),
        "is the name of a device on Windows": DEVICES.fullmatch(name) is not None,
    }
    found = next((text for text, holds in faults.items() if holds), None)
    return None if found is None else f"{found}; choose another name"


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


def check_problem(parts: tuple[str, ...]) -> str | None:
    """Return why there may be no such file below `results/checks`; None if there may."""
    if len(parts) == 4 and parts[0].isascii() and parts[0].isdigit() and NAME.fullmatch(parts[1]):
        task, file = parts[2:]
        if task == DRAWS and DRAW.fullmatch(file):
            return None
        wanted = file.endswith(".json") and not file.endswith(SEARCH_SUFFIX)
        if task != DRAWS and wanted:
            return _cell_problem(task, file)
    return "neither <protocol>/<submission>/<task>/<cell>.json nor .../draws/<commit>.json"


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
