"""Small repositories for tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Git:
    """A repository with one branch, `main`, whose settings are its own."""

    root: Path

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True)
        self.run("init", "-q", "-b", "main")

    def run(self, *arguments: str, given: bytes | None = None) -> str:
        """Run git, and return what it prints."""
        somebody = {"NAME": "somebody", "EMAIL": "somebody@example.org"}
        environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
        environment |= {f"GIT_AUTHOR_{key}": value for key, value in somebody.items()}
        environment |= {f"GIT_COMMITTER_{key}": value for key, value in somebody.items()}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            input=given,
            capture_output=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file of the working tree."""
        where = self.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, *, everything: bool = True) -> str:
        """Commit the working tree, or just what is staged; return the commit."""
        if everything:
            self.run("add", "--all", "--force")
        self.run("commit", "-q", "--allow-empty", "-m", message)
        return self.run("rev-parse", "HEAD").strip()

    def merge(self) -> str:
        """Commit the working tree, merge it into `main`, go on from there; return the merge."""
        if self.run("status", "--porcelain"):
            self.commit("change")
        change = self.run("rev-parse", "HEAD").strip()
        self.run("checkout", "-q", "-f", "main")
        self.run("merge", "-q", "--no-ff", "-m", "merge", change)
        found = self.run("rev-parse", "HEAD").strip()
        self.run("checkout", "-q", "-B", "change")
        return found
