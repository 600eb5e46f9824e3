"""Pull requests' merge commits, for tests of what is checked in them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bench.submissions import pull_request
from bench.submissions.problem import Problem
from tests.support.git import Git

HOME = "results/2/someone"
RECORD = f"{HOME}/dirac/bare+r1.json"


def repository(made: Path, root: Path) -> Git:
    """A repository with two submissions of somebody else's each, and a branch for a change."""
    git = Git(root)
    for name in ("someone", "other"):
        shutil.copytree(made, git.root / "results" / "2" / name)
        timed(git.root / "results" / "2" / name, len(name))
        sign(git, f"results/2/{name}", name)
    git.write("results/README.md", "hello\n")
    git.write("results/standing.yaml", "maintained: []\n")
    git.write("bench/code.py", "1\n")
    git.commit("base")
    git.run("checkout", "-q", "-b", "change")
    return git


def timed(folder: Path, seconds: int) -> None:
    """Records as somebody else makes them on the same machine: in another time."""
    for path in folder.rglob("*.json"):
        raw = json.loads(path.read_text())
        path.write_text(json.dumps(raw | {"seconds": {"update": float(seconds)}}))


def sign(git: Git, home: str, by: str) -> None:
    """Say whose a submission is."""
    text = (git.root / home / "submission.yaml").read_text()
    git.write(f"{home}/submission.yaml", re.sub("^by: .*", f"by: {by}", text))


def check(git: Git, author: str | None = "someone") -> pull_request.Outcome:
    """Merge what lies in the working tree, and check the merge commit."""
    return pull_request.check(git.root, git.merge(), author=author)


def edit(git: Git, change: Callable, path: str = RECORD) -> None:
    raw = json.loads((git.root / path).read_text())
    change(raw)
    git.write(path, json.dumps(raw))


def lines(outcome: pull_request.Outcome, where: Path) -> str:
    assert all(isinstance(each, Problem) for each in outcome.problems)
    text = "\n".join(map(str, outcome.problems))
    assert str(where) not in text, "a path of this machine"
    assert "crossover-merge" not in text, "a temporary path"
    return text


def anew(git: Git, name: str = "newcomer") -> str:
    home = f"results/2/{name}"
    shutil.copytree(git.root / HOME, git.root / home)
    timed(git.root / home, len(name))
    sign(git, home, "someone")
    return home


def copied(git: Git, path: str) -> None:
    git.write(path, (git.root / RECORD).read_bytes())
