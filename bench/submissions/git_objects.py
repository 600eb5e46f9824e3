"""Reads commits as data: what differs between two of them, and files by object id.

Nothing is checked out, so that attributes, filters, links and names in a commit decide nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PLAIN = "100644"
"""The mode of a plain file that is not executable."""
MOST_OUTPUT = 64 * 1024 * 1024
"""Bytes that a list of paths may have."""

QUIET = (
    *("--no-pager", "--no-replace-objects", "--literal-pathspecs"),
    *("-c", "core.quotePath=false", "-c", "core.fsmonitor=false"),
)


class BadGit(ValueError):
    """What git was asked for it does not have; the message is one line."""


@dataclass(frozen=True)
class Change:
    """A path that differs between two commits: A added, D deleted, M or T changed."""

    path: bytes
    status: str
    mode: str  # in the later commit; "000000" if it is deleted


@dataclass(frozen=True)
class Entry:
    """A file of a commit; `size` is None for what is no file, such as a submodule."""

    path: bytes
    mode: str
    oid: str
    size: int | None


class Repository:
    """The repository that a folder is in. Raises `BadGit` if it is in none."""

    def __init__(self, folder: Path) -> None:
        self._command = ["git", "-C", str(folder), "-c", f"safe.directory={folder}", *QUIET]
        # Nothing that a hook or a script around this process has exported decides about the place.
        self._environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
        self._environment |= {
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        self._run("rev-parse", "--git-dir")  # raises if there is no repository

    def commit(self, ref: str) -> str:
        """Return the hash of a commit. Raises `BadGit`."""
        if not ref or not ref.isprintable():
            raise BadGit(f"{ref[:80]!r} is no name of a commit")
        try:
            found = self._run(
                *("rev-parse", "--verify", "--quiet", "--end-of-options"), f"{ref}^{{commit}}"
            )
        except BadGit as error:
            raise BadGit(f"there is no commit {ref[:80]}; fetch it first") from error
        return found.decode("ascii").strip()

    def changes(self, base: str, later: str) -> list[Change]:
        """Return every path that differs between two commits, by their hashes."""
        said = self._run(
            *("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff"),
            *("--no-textconv", "--no-commit-id", "--ignore-submodules=none", base, later),
        )
        fields = said.split(b"\0")[:-1]
        found = []
        for line, path in zip(fields[::2], fields[1::2], strict=True):
            _, mode, _, _, status = line.decode("ascii").removeprefix(":").split(" ")
            found.append(Change(path, status, mode))
        return found

    def files(self, commit: str, below: str) -> list[Entry]:
        """Return everything in a folder of a commit, which is named from the top."""
        said = self._run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", f"{below}/")
        found = []
        for line in said.split(b"\0")[:-1]:
            about, _, path = line.partition(b"\t")
            mode, kind, oid, size = about.decode("ascii").split()
            known = kind == "blob" and size.isdigit()
            found.append(Entry(path, mode, oid, int(size) if known else None))
        return found

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the content of files one after another. Raises `BadGit`."""
        with subprocess.Popen(
            [*self._command, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
        ) as git:
            assert git.stdin is not None
            assert git.stdout is not None
            for entry in entries:
                yield entry, _content(git.stdin, git.stdout, entry)
            git.stdin.close()

    def _run(self, *arguments: str) -> bytes:
        """Return what git prints. Raises `BadGit`."""
        try:
            done = subprocess.run(
                [*self._command, *arguments],
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError as error:
            raise BadGit(f"git cannot be run: {error.strerror}") from error
        if done.returncode:
            lines = re.split(r"[\r\n]+", done.stderr.decode(errors="replace").strip())
            raise BadGit(f"git says: {lines[0] or f'exit code {done.returncode}'}")
        if len(done.stdout) > MOST_OUTPUT:
            raise BadGit(f"git names more than {MOST_OUTPUT // 1024**2} MB of paths")
        return done.stdout


def _content(asked: IO[bytes], said: IO[bytes], entry: Entry) -> bytes:
    """Return the content of one file, from a `git cat-file --batch`. Raises `BadGit`."""
    try:
        asked.write(f"{entry.oid}\n".encode())
        asked.flush()
    except BrokenPipeError as error:
        raise BadGit("git has broken off") from error
    header = said.readline().decode("ascii", errors="replace").strip()
    if entry.size is None or header != f"{entry.oid} blob {entry.size}":
        raise BadGit(f"git has no file {entry.oid}; fetch the commit whole")
    content = said.read(entry.size)
    if len(content) != entry.size or said.read(1) != b"\n":
        raise BadGit(f"git has broken off in file {entry.oid}")
    return content
