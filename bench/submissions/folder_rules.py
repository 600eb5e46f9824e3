"""What a folder of submissions may hold: a closed list of names, kinds, sizes."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.paths import CHECKS, OF_THE_MACHINE, place
from bench.submissions import manifest
from bench.submissions.closed_list import KEPT, MOST_BYTES, MOST_FILES, name_problem
from bench.submissions.problem import Problem, Rule

PLACE = (PROTOCOL_VERSION, "<name>", "<task>", "<cell>.json")
"""Where a record lies below a results folder."""


def problems(path: Path) -> Iterator[Problem]:
    """Yield what is neither a record, a search nor a manifest in a folder, or is one elsewhere."""
    sizes: Counter[tuple[str, str]] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for inside in _inside(path):
        found = _of_kind(inside) or _of_name(path, inside)
        if found is not None:
            yield Problem(str(inside), *found)
        elif inside.is_file() and path.is_dir():
            where = _below(path, inside)[:2]
            if len(where) == 2:
                counts[where] += 1
                sizes[where] += inside.stat().st_size
    names = {name for protocol, name in counts if protocol == PROTOCOL_VERSION}
    for (protocol, name), count in counts.items():
        why = name_problem(name, names) if name in names - {manifest.OWN} else None
        if why is not None:
            yield Problem(f"{protocol}/{name}", "closed list", why)
        if count > MOST_FILES:
            text = f"{count} files, more than {MOST_FILES}"
            yield Problem(f"{protocol}/{name}", "closed list", text)
        if (size := sizes[protocol, name]) > MOST_BYTES:
            text = f"{size // 2**20} MB, more than {MOST_BYTES // 2**20}"
            yield Problem(f"{protocol}/{name}", "closed list", text)


def _inside(path: Path) -> list[Path]:
    """All that is below a path, without what a results folder has besides submissions."""
    if not path.is_dir():
        return [path]
    every = sorted(path.rglob("*"))
    if not (path / PROTOCOL_VERSION).is_dir():
        return every
    aside = {path / name for name in (*OF_THE_MACHINE, CHECKS)}
    pages = {path / name for name in KEPT}
    return [p for p in every if p not in pages and not aside & {p, *p.parents}]


def _of_kind(inside: Path) -> tuple[Rule, str] | None:
    mode = inside.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "closed list", "a link, of which a submission has none; validate what it leads to"
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        return "closed list", "no plain file; a submission holds nothing else"
    if stat.S_ISREG(mode) and mode & 0o111:
        return "closed list", "executable; take that mode away"
    return None


def _of_name(path: Path, inside: Path) -> tuple[Rule, str] | None:
    below = _below(path, inside)
    if inside.is_dir() or (inside.name == manifest.FILE and len(below) == len(PLACE) - 1):
        return None
    if inside.suffix != ".json":
        return "closed list", "not a record; a submission holds nothing else"
    if place(inside)[0] == PROTOCOL_VERSION and len(below) != len(PLACE):
        # Its last parts are those of a record, in a folder of its own.
        return "place", f"belongs at {'/'.join(PLACE)}"
    return None


def _below(path: Path, inside: Path) -> tuple[str, ...]:
    """Return the parts of a path below the results folder that a validated path is in, or is."""
    parts = Path(os.path.abspath(path)).parts
    last = max((i for i, part in enumerate(parts) if part == PROTOCOL_VERSION), default=len(parts))
    return Path(os.path.abspath(inside)).parts[last:]
