"""Which commits are those of main, as far as a checkout can tell; for `machine_rules`, `submit`."""

from __future__ import annotations

import subprocess
from functools import cache

from bench.records import provenance

TRUNKS = {
    "upstream/main": "refs/remotes/upstream/main",
    "origin/main": "refs/remotes/origin/main",
    "main": "refs/heads/main",
}
"""What may stand for main, the best first: in a clone of a fork, `origin` is the fork."""


@cache
def trunk() -> tuple[str, str]:
    """Return what stands for main here, and the last commit that this checkout has from it.

    "HEAD" and its commit where nothing does. Raises OSError if git cannot be run.
    """
    for name, ref in TRUNKS.items():
        found = _git("merge-base", "HEAD", ref)
        if found.returncode == 0:
            return name, found.stdout.strip()
    return "HEAD", _git("rev-parse", "HEAD").stdout.strip()


def problem(commit: str) -> str | None:
    """Return why a commit is certainly none of main; None if it may be one."""
    try:
        shallow = _git("rev-parse", "--is-shallow-repository")
        if shallow.stdout.strip() != "false":  # no checkout, or one without its history
            return None
        name, last = trunk()
        if _git("merge-base", "--is-ancestor", commit, last).returncode == 0:
            return None
    except OSError:
        return None
    where = "this checkout" if name == "HEAD" else f"this checkout and of {name}"
    return f"its commit {commit[:12]} is not in the history of {where}"


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = str(provenance.package_root())
    return subprocess.run(
        ["git", "-C", root, "-c", f"safe.directory={root}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=provenance.git_environment(),
    )
