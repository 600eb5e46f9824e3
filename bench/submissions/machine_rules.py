"""How a submission's numbers were made: by known code, on one kind of machine for each task."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cache

from bench.experiment import registry
from bench.records import provenance
from bench.records.paths import place
from bench.records.record import Record
from bench.records.store import Found, unlike
from bench.submissions.manifest import OWN
from bench.submissions.problem import Problem

NEEDED = ("python", "torch", "numpy")
"""Versions that every record has."""


def problems(found: Found) -> list[Problem]:
    """Problems of what one record says of its making."""
    record, origin = found.record, found.record.provenance
    texts = [f"does not say which {name} made it" for name in NEEDED if name not in origin.versions]
    if origin.dtype != "float32":
        texts.append(f"numbers are {origin.dtype}, not float32")
    if origin.device != "cpu" and not origin.device.startswith("cuda"):
        texts.append(f"the device is {origin.device!r}, neither cpu nor cuda")
    texts += _data(record)
    if place(found.path)[1] != OWN:
        texts += _commit(origin.commit, origin.dirty)
    return [Problem(str(found.path), "provenance", text) for text in texts]


def _data(record: Record) -> list[str]:
    task = registry.task(record.task)
    stated, known = record.provenance.data, task.sources()
    named = {*known, *(path.name for path in task.files())}
    wrong = [name for name in sorted(known) if stated.get(name) != known[name]]
    return [
        *(f"the data {name} is {stated.get(name)}, not {known[name]}" for name in wrong),
        *(f"unknown data: {name}" for name in sorted({*stated} - named)),
    ]


def _commit(commit: str | None, dirty: bool | None) -> list[str]:
    if commit is None or dirty is None:
        return ["no commit: run from a checkout, not from an installed package"]
    if dirty:
        return ["made with code that was changed and not committed"]
    if _unknown(commit):
        return [f"its commit {commit[:12]} is not in the history of this checkout"]
    return []


@cache
def _unknown(commit: str) -> bool:
    """Whether a commit is certainly not one that this checkout comes from."""
    root = str(provenance.package_root())

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-C", root, "-c", f"safe.directory={root}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=provenance.git_environment(),
        )

    try:
        shallow = git("rev-parse", "--is-shallow-repository")
        if shallow.stdout.strip() != "false":  # no checkout, or one without its history
            return False
        return git("merge-base", "--is-ancestor", commit, "HEAD").returncode != 0
    except OSError:
        return False


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
