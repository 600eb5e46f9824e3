"""The commit that records name is this project's, or none; and if none, there is a reason."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bench.experiment import registry
from bench.records import provenance

PROJECT = '[project]\nname = "crossover-bench"\n'


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *who, *arguments]
    return subprocess.check_output(command, cwd=folder, env=clean, text=True).strip()


def files(root: Path, project: str = PROJECT) -> Path:
    (root / "bench").mkdir(parents=True)
    (root / "bench" / "__init__.py").touch()
    (root / "pyproject.toml").write_text(project)
    return root


def committed(root: Path) -> str:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, str]:
    root = files(tmp_path / "checkout")
    return root, committed(root)


def test_a_checkout_and_a_change(checkout: tuple[Path, str]) -> None:
    root, commit = checkout
    assert provenance._checkout(root) == ((commit, False), None)
    (root / "notes.txt").touch()  # no code
    assert provenance._checkout(root) == ((commit, False), None)
    (root / "bench" / "new.py").touch()
    assert provenance._checkout(root) == ((commit, True), None)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_COMMON_DIR",
            "GIT_CEILING_DIRECTORIES",
        ),
        *("GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_CONFIG_COUNT"),
    ],
)
def test_what_a_hook_exports_is_not_heeded(
    name: str, checkout: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, commit = checkout
    other = files(tmp_path / "other", project="")
    committed(other)
    monkeypatch.setenv(name, str(other / ".git"))
    assert provenance._checkout(root) == ((commit, False), None)


def test_new_files_count_whatever_git_is_told_to_show(checkout: tuple[Path, str]) -> None:
    root, commit = checkout
    git(root, "config", "status.showUntrackedFiles", "no")
    (root / "bench" / "new.py").touch()
    assert provenance._checkout(root) == ((commit, True), None)


def test_a_worktree_is_a_checkout(checkout: tuple[Path, str]) -> None:
    root, commit = checkout
    tree = root.parent / "tree"
    git(root, "worktree", "add", "-q", str(tree))
    assert provenance._checkout(tree) == ((commit, False), None)


PLACES = {
    "in a folder below": lambda top: files(top / "vendor" / "crossover"),
    "beside another project's code": lambda top: files(top, project='[project]\nname = "mine"\n'),
    "in site-packages": lambda top: files(top / ".venv" / "lib", project=""),
    "with no project file that can be read": lambda top: files(top, project="[project\n"),
    "with a project file of another kind": lambda top: files(top, project="project = 1\n"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("tracked", [True, False])
def test_another_repositorys_commit_is_not_ours(place: str, tracked: bool, tmp_path: Path) -> None:
    top = tmp_path / "theirs"
    top.mkdir()
    (top / "their.txt").touch()
    if tracked:
        root = PLACES[place](top)
        committed(top)
    else:
        committed(top)
        root = PLACES[place](top)
    assert provenance._checkout(root) == ((None, None), None)


def test_code_that_is_not_tracked_is_no_checkout(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "their.txt").touch()
    committed(root)
    files(root)
    assert provenance._checkout(root) == ((None, None), None)


def test_without_a_repository_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert provenance._checkout(files(tmp_path / "plain")) == ((None, None), None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_another_user_are_a_checkout_all_the_same(checkout: tuple[Path, str]) -> None:
    """Git would refuse; but the code that is running comes from these very files."""
    root, commit = checkout
    for path in (root, *root.rglob("*")):
        os.chown(path, 12345, 12345)
    assert provenance._checkout(root) == ((commit, False), None)


@pytest.mark.parametrize("how", ["no git", "broken", "empty"])
def test_a_checkout_that_git_cannot_read_has_a_reason(
    how: str, checkout: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = checkout
    if how == "no git":
        monkeypatch.setenv("PATH", "/nowhere")
    elif how == "broken":
        (root / ".git" / "HEAD").write_text("nonsense")
    else:
        (root / ".git" / "refs" / "heads" / "main").unlink()
    found, why = provenance._checkout(root)
    assert found == (None, None)
    assert why is not None
    assert why.startswith("git cannot be run" if how == "no git" else "git says: ")
    assert len(why.splitlines()) == 1


SAID = {
    "/opt/bin/c++": "opt/bin/c++",
    "Homebrew clang \u201317\u2122 (x)": "Homebrew clang 17 (x)",
    "=HYPERLINK(1)": "HYPERLINK(1)",
    "g++ (Debian 12.2.0-14+deb12u1) 12.2.0": "g++ (Debian 12.2.0-14+deb12u1) 12.2.0",
    "\x1b[2J": "2J",
    "\u2014": "unknown",
    "": "unknown",
    "x" * 300: "x" * 200,
}


@pytest.mark.parametrize("text", SAID)
def test_whatever_a_machine_says_of_itself_fits_in_a_record(text, monkeypatch) -> None:
    for name in ("cpu", "compiler_version"):
        monkeypatch.setattr(provenance, name, lambda: text)
    task = registry.task("dirac")
    made = provenance.of("0" * 16, (None, None), task, device="cpu", threads=1, compiled=False)
    assert (made.cpu, made.compiler) == (SAID[text], SAID[text])


@pytest.mark.parametrize("says", ["", "echo clang version 17 '(https://x.org/llvm 1)'"])
def test_the_compilers_version_is_that_of_the_present_one(says, tmp_path, monkeypatch) -> None:
    assert provenance.compiler_version() != "mine"
    program = tmp_path / "mine"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    assert provenance.compiler_version() == ("clang version 17" if says else "mine")
