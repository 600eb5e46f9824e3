"""The steps of workflows that meet strangers' files, run as a runner does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.git import Git
from tests.support.workflows import script


def run_step(text: str, where: Path, **environment: str) -> tuple[int, str, str]:
    """Run a step's script as a runner does: exit code, what it prints, what it hands on."""
    output = where.parent / "output"
    output.write_text("")
    temporary = where.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-e", "-c", text],
        cwd=where,
        env=os.environ
        | {"GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(temporary)}
        | {"GITHUB_WORKSPACE": str(where), "PAUSE": "0"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, output.read_text()


@pytest.fixture
def git(tmp_path) -> Git:
    git = Git(tmp_path / "repository")
    git.write("results/2/me/dirac/bare.json", "{}")
    git.write("results/README.md", "hello\n")
    git.commit("base")
    git.run("checkout", "-q", "-b", "change")
    return git


TOUCHED = {
    "code.py": "no",
    ".gitattributes": "no",
    "more/results/2/me.json": "no",
    "resultsx/a": "no",
    "a\ntouched=no\n": "no",
    "results/2/me/dirac/bare.json": "yes",
    "results/touched=no\n": "yes",
    "results/2/\xff\x1b[31m": "yes",
    "results/README.md": "yes",
    "Results/2/me/dirac/bare.json": "yes",
}


@pytest.mark.parametrize("path", TOUCHED)
def test_whether_results_are_touched(git, path):
    git.write(path, "2")
    git.run("branch", "data", git.merge())
    text = script("submissions.yml", "validate", "Are results touched?")
    assert run_step(text, git.root) == (0, "", f"touched={TOUCHED[path]}\n")


def test_whether_results_are_touched_by_a_link_or_a_submodule(git):
    text = script("submissions.yml", "validate", "Are results touched?")
    shutil.rmtree(git.root / "results")
    (git.root / "results").symlink_to("code")
    git.run("branch", "data", git.merge())
    assert run_step(text, git.root)[2] == "touched=yes\n"
    git.run("rm", "-q", "--cached", "results")
    git.write(".gitmodules", '[submodule "a"]\n\tpath = results\n\turl = ./a\n\tignore = all\n')
    git.run("add", ".gitmodules")
    git.run("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},results")
    git.commit("a submodule", everything=False)
    git.run("branch", "-f", "data")
    assert run_step(text, git.root)[2] == "touched=yes\n"


def test_nothing_is_said_of_a_commit_that_is_not_there(git):
    text = script("submissions.yml", "validate", "Are results touched?")
    code, _, said = run_step(text, git.root)
    assert (code, said) == (1, "")


def test_a_stale_merge_commit_is_not_checked(git, tmp_path):
    text = script("submissions.yml", "validate", "Fetch the merge commit as data")
    git.write("code.py", "2")
    head = git.commit("change")
    git.run("checkout", "-q", "main")
    git.run("merge", "-q", "--no-ff", "-m", "merge", "change")
    git.run("update-ref", "refs/pull/7/merge", "HEAD")
    git.run("reset", "-q", "--hard", "HEAD^1")
    clone = tmp_path / "clone"
    git.run("clone", "-q", "--branch", "main", str(git.root), str(clone))
    assert run_step(text, clone, NUMBER="7", HEAD=head)[0] == 0
    later = git.run("rev-parse", "main").strip()
    for number, wrong in (("7", later), ("8", head)):
        code, said, _ = run_step(text, clone, NUMBER=number, HEAD=wrong)
        assert code == 1
        assert "error: no merge commit of this head" in said
    git.run("branch", "-f", "elsewhere", "main")
    git.run("checkout", "-q", "elsewhere")
    git.write("other.py", "3")
    git.commit("not on main")
    git.run("merge", "-q", "--no-ff", "-m", "merge", "change")
    git.run("update-ref", "refs/pull/9/merge", "HEAD")
    assert run_step(text, clone, NUMBER="9", HEAD=head)[0] == 1


def test_which_submissions_are_run_again(git):
    before = git.run("rev-parse", "HEAD").strip()
    for path in (
        "results/2/me/dirac/bare+r1.json",
        "results/2/you.and-i/dirac/bare.json",
        "results/checks/2/other/dirac/bare.json",
        "results/2/$(id)/dirac/bare.json",
        "results/2/a\nb/dirac/bare.json",
        "results/2/notes.json",
        "more/results/2/they/dirac/bare.json",
    ):
        git.write(path, "{}")
    now = git.commit("push")
    text = script("results.yml", "spot", "Which submissions are touched?")
    for start in (before, "0" * 40):
        said = run_step(text, git.root, BEFORE=start, GITHUB_SHA=now)
        assert said == (0, "", "names=me you.and-i\n")
    assert run_step(text, git.root, BEFORE=now, GITHUB_SHA=now) == (0, "", "names=\n")


@pytest.fixture
def reproduce(tmp_path) -> Path:
    """A folder for PATH, whose `python` ends `reproduce` with the code that the name ends in."""
    program = tmp_path / "programs" / "python"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/bash\nif [[ $1 == -c ]]; then echo token; exit; fi\n"
        'echo "$@" >>asked\nmkdir -p "results/checks/2/${*: -1}/dirac"\n'
        'echo {} >"results/checks/2/${*: -1}/dirac/bare.json"\nname=${*: -1}\nexit "${name: -1}"\n'
    )
    program.chmod(0o755)
    return program.parent


@pytest.mark.parametrize(
    ("names", "expected", "said"),
    [
        ("a0", 0, []),
        ("a3 b0", 0, ["::notice::Not all can be told, see the log: a3"]),
        ("a1 b0", 1, ["::error::Cells differ, or could not be run: a1"]),
        ("a2", 1, ["::error::Cells differ, or could not be run: a2"]),
    ],
)
def test_cells_that_differ_are_a_failure_and_what_is_made_is_kept(
    git, reproduce, names, expected, said
):
    path = f"{reproduce}:{os.environ['PATH']}"
    step = {"NAMES": names, "CELLS": "5", "MAX_HOURS": "0.67", "GITHUB_SHA": "1" * 40, "PATH": path}
    code, out, _ = run_step(script("results.yml", "spot", "Run cells again"), git.root, **step)
    assert code == expected
    assert out.splitlines() == ["::stop-commands::token", "::token::", *said]
    assert (git.root / "asked").read_text().splitlines() == [
        f"-m bench reproduce --spot 5 --max-hours 0.67 --ref {'1' * 40} --name {name}"
        for name in names.split()
    ]
    text = script("results.yml", "spot", "Collect what was made")
    code, _, handed = run_step(text, git.root, NAMES=names)
    assert (code, {*handed.splitlines()}) == (0, {"made=true"})
    kept = git.root.parent / "temporary" / "checks" / "2"
    assert [path.name for path in sorted(kept.iterdir())] == sorted(names.split())


def test_checks_that_were_there_before_are_nothing_made(git):
    git.write("results/checks/2/me/dirac/bare.json", "{}")
    git.commit("a check")
    text = script("results.yml", "spot", "Collect what was made")
    assert run_step(text, git.root, NAMES="me you") == (0, "", "")


DRAW = f"2/me/draws/{'0a' * 20}.json"
CHECK = "2/me/dirac/bare+r1@critic=given~tuned.json"


@pytest.mark.parametrize(
    "path",
    [
        "2/you/dirac/bare.json",
        "2/me/dirac/bare.py",
        "2/me/bare.json",
        "2/me/dirac/more/bare.json",
        "2/me/dirac/.json",
        "2/me/draws/bare.json",
        f"2/me/draws/{'a' * 41}.json",
        f"2/you/draws/{'a' * 40}.json",
        "2/me/dirac/a\n.json",
        "../me/dirac/bare.json",
        ".github/workflows/x.yml",
    ],
)
def test_an_artifact_holds_nothing_but_check_records(tmp_path, path):
    text = script("results.yml", "keep", "Take nothing but check records of these submissions")
    where, checks = tmp_path / "checkout", tmp_path / "temporary" / "checks"
    where.mkdir()
    (checks / CHECK).parent.mkdir(parents=True)
    (checks / DRAW).parent.mkdir()
    for name in (CHECK, DRAW):
        (checks / name).write_text("{}")
    assert run_step(text, where, NAMES="me them")[0] == 0
    for name in (CHECK, DRAW):
        assert (where / "results" / "checks" / name).read_text() == "{}"
    (checks / path).parent.mkdir(parents=True, exist_ok=True)
    (checks / path).write_text("{}")
    if ".." not in path:
        assert run_step(text, where, NAMES="me them")[0] == 1
        (checks / path).unlink()
    (checks / CHECK).unlink()
    (checks / CHECK).symlink_to("/etc/passwd")
    assert run_step(text, where, NAMES="me them")[0] == 1
