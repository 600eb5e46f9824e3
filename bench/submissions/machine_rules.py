"""How a submission's numbers were made: by known code, on one kind of machine for each task."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from packaging.version import InvalidVersion, Version

from bench.learner.task import Task
from bench.records import provenance
from bench.records.paths import place
from bench.records.record import Provenance
from bench.records.store import Found, unlike
from bench.submissions import known_commits
from bench.submissions.manifest import OWN
from bench.submissions.problem import Problem

NEEDED = ("python", "torch", "numpy")
"""Versions that every record has."""
LEAST = {"python": "3.11", "torch": "2.11"}
"""Older ones do not run the suite."""
UNKNOWN = "unknown"
"""The suite's version where it is run from a checkout and not installed."""
MOST_THREADS = 1024
ADDRESS = re.compile(r"://|www[.]|@(?![0-9.]+ ?[GM]Hz)[A-Za-z0-9]", re.IGNORECASE)
"""What a page would link, or a name that is called; no clock rate, as in "L2200@1600MHz"."""
AGAIN = "run the cells again from a clean checkout of main: `git switch main`, `git pull`"


def problems(path: Path, task: Task, origin: Provenance) -> list[Problem]:
    """Problems of what a record or a search of a task says of its making."""
    texts = [f"does not say which {name} made it" for name in NEEDED if name not in origin.versions]
    if origin.dtype != "float32":
        texts.append(f"numbers are {origin.dtype}, not float32")
    if origin.device != "cpu" and not origin.device.startswith("cuda"):
        texts.append(f"the device is {origin.device!r}, neither cpu nor cuda")
    texts += _data(task, origin)
    environment = _environment(task, origin)
    texts += [*_texts(origin), *_versions(origin), *([environment] if environment else [])]
    every = [Problem(str(path), "provenance", text) for text in texts]
    commit = _commit(origin.commit, origin.dirty) if place(path)[1] != OWN else None
    if commit is not None:
        every.append(Problem(str(path), "provenance", commit, AGAIN))
    return every


def _data(task: Task, origin: Provenance) -> list[str]:
    stated, known = origin.data, task.sources()
    named = {*known, *(path.name for path in task.files())}
    wrong = [name for name in sorted(known) if stated.get(name) != known[name]]
    return [
        *(f"the data {name} is {stated.get(name)}, not {known[name]}" for name in wrong),
        *(f"unknown data: {name}" for name in sorted({*stated} - named)),
    ]


def _commit(commit: str | None, dirty: bool | None) -> str | None:
    if commit is None or dirty is None:
        return "no commit: run from a checkout, not from an installed package"
    if dirty:
        return "made with code that was changed and not committed"
    return known_commits.problem(commit)


def _texts(origin: Provenance) -> Iterator[str]:
    """Yield what no machine says of itself."""
    named = {
        "suite": origin.suite,
        "environment": origin.environment,
        "device": origin.device,
        "cpu": origin.cpu,
        "capability": origin.capability,
        "compiler": origin.compiler,
        **origin.versions,
    }
    for name, text in named.items():
        if text is not None and ADDRESS.search(text):
            yield f"{name} holds an address or calls somebody: {text[:60]!r}"
    if origin.threads > MOST_THREADS:
        yield f"{origin.threads} threads, more than {MOST_THREADS}"


def _versions(origin: Provenance) -> Iterator[str]:
    """Yield versions that there are not, or with which the suite does not run."""
    for name, text in origin.versions.items():
        made_by, least = _version(text), LEAST.get(name)
        if made_by is None:
            yield f"{text[:40]!r} is no version of {name}"
        elif least is not None and made_by < Version(least):
            yield f"{name} {text} is older than {least}, which the suite needs"
    suite, present = _version(origin.suite), _present()
    if suite is None and origin.suite != UNKNOWN:
        yield f"{origin.suite[:40]!r} is no version of the suite"
    elif suite is not None and present is not None and suite > present:
        yield f"suite {origin.suite} is later than the present one, {present}"


def _version(text: str) -> Version | None:
    try:
        return Version(text.removesuffix("+"))  # as Python's own builds between releases end
    except InvalidVersion:
        return None


@cache
def _present() -> Version | None:
    """The version of the suite in this checkout; None if it does not say."""
    try:
        with (provenance.package_root() / "pyproject.toml").open("rb") as file:
            return _version(tomllib.load(file)["project"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _environment(task: Task, origin: Provenance) -> str | None:
    """Why the environment is not the task's, as `bench.training.environments.label` names it."""
    stated, needed = origin.environment, task.environment
    if needed is None or callable(needed):
        expected = None if needed is None else task.name
        return None if stated == expected else f"the environment is {stated}, not {expected}"
    library = task.environment_library
    found = re.fullmatch(rf"{re.escape(needed)} \({re.escape(library)} (\S+)\)", stated or "")
    if found is None or _version(found[1]) is None:
        return f"the environment is {stated}, not {needed} ({library} VERSION)"
    if found[1] != origin.versions.get(library, found[1]):
        return f"the environment is {stated}, but {library} is {origin.versions[library]}"
    return None


def mixed(found: Sequence[Found]) -> list[Problem]:
    """Problems of records of one task and submission that different machines or libraries made.

    Such cells cannot be compared with their base.
    """
    first: dict[tuple[str, ...], Found] = {}
    problems = []
    for item in found:
        model = first.setdefault((*place(item.path)[:2], item.record.task), item)
        difference = unlike(model.record.provenance, item.record.provenance)
        if difference and place(item.path)[1] != OWN:
            text = f"not made as {model.path.name}: {difference}"
            problems.append(Problem(str(item.path), "provenance", text))
    return problems
