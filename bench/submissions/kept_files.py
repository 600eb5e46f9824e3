"""Checks what a pull request changes in the files of `results` that the maintainers keep.

Called by `pull_request`, where such a file is touched.
"""

from __future__ import annotations

from collections.abc import Collection

from bench.experiment.strict_yaml import MAX_BYTES as MOST_YAML
from bench.records.json_file import MAX_BYTES
from bench.records.paths import CHECKS
from bench.submissions import standing
from bench.submissions.closed_list import STANDING, check_problem
from bench.submissions.git_objects import PLAIN, Entry, Repository
from bench.submissions.problem import Problem
from bench.submissions.touched_paths import RESULTS, shown

LIST = f"{RESULTS}/{STANDING}"
TOP = f"{RESULTS}/{CHECKS}/"

CLOSED = "take the file away: there is nothing else in results/checks"
KEEP = "put results/standing.yaml back: without it every submission makes the tables"


def problems(repository: Repository, later: str, touched: Collection[str]) -> list[Problem]:
    """Return what is wrong with the touched files as they are in a merge commit."""
    every = {shown(entry.path): entry for entry in repository.files(later, RESULTS)}
    found = []
    for path in touched:
        entry = every.get(path)
        if path == LIST:
            found += _list(repository, entry, every)
        elif path.startswith(TOP) and entry is not None:
            wrong = check_problem(tuple(path.removeprefix(TOP).split("/")))
            if wrong is None and entry.size is not None and entry.size > MAX_BYTES:
                wrong = f"{entry.size} bytes, more than {MAX_BYTES}"
            if wrong is not None:
                found.append(Problem(path, "closed list", wrong, CLOSED))
    return found


def _list(repository: Repository, entry: Entry | None, every: Collection[str]) -> list[Problem]:
    if entry is None:
        return [Problem(LIST, "form", "is deleted", KEEP)]
    if entry.mode != PLAIN or entry.size is None:
        return []  # its mode is named with its path
    if entry.size > MOST_YAML:
        text = f"{entry.size} bytes, more than {MOST_YAML}"
        return [Problem(LIST, "form", text, standing.REMEDY)]
    ((_, raw),) = repository.contents([entry])
    below = [path.removeprefix(f"{RESULTS}/") for path in every]
    files = [path for path in below if path.count("/") == 3 and path.endswith(".json")]
    return standing.of_text(raw, LIST, files)
