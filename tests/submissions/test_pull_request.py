"""Merge commits of pull requests: what passes, limits, the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.records.provenance import package_root
from bench.submissions import closed_list, pull_request
from bench.submissions.git_objects import BadGit, Repository
from tests.support.fakes import bench
from tests.support.merges import HOME, RECORD, anew, check, copied, edit, lines, sign

KEPT = (
    "no submission is touched, but what only maintainers may change and merge "
    "(.github/CODEOWNERS): "
)


def test_names_that_are_alike(git, tmp_path):
    home = anew(git, "so.me-one")
    git.merge()
    copied(git, "results/2/so_me.one/dirac/bare+r1.json")
    found = lines(check(git), tmp_path)
    assert f"'so_me.one' is too much like '{Path(home).name}'" in found


def test_large_files_are_never_read(git, tmp_path, monkeypatch):
    git.write(f"{HOME}/dirac/bare+r2.json", b"x" * (512 * 1024 + 1))
    found, read = git.merge(), Repository.contents

    def only_small(repository, entries):
        every = list(entries)
        assert max(entry.size for entry in every) <= 512 * 1024
        return read(repository, every)

    monkeypatch.setattr(Repository, "contents", only_small)
    outcome = pull_request.check(git.root, found, author="someone")
    assert f"{HOME}/dirac/bare+r2.json: 524289 bytes, more than 524288" in lines(outcome, tmp_path)


@pytest.mark.parametrize(
    ("limit", "message"), [("MOST_FILES", "files, more than 4"), ("MOST_BYTES", "bytes, more than")]
)
def test_there_are_limits_for_all_files_together(git, tmp_path, monkeypatch, limit, message):
    copied(git, f"{HOME}/dirac/bare+r2.json")
    found = git.merge()
    for module in ("sent_submission", "touched_paths"):
        monkeypatch.setattr(f"bench.submissions.{module}.{limit}", 4, raising=False)
    monkeypatch.setattr(Repository, "contents", None)
    outcome = pull_request.check(git.root, found, author="someone")
    assert f"{HOME}: holds" in lines(outcome, tmp_path)
    assert message in lines(outcome, tmp_path)
    assert closed_list.MOST_FILES == 5_000


def stale(raw: dict) -> None:
    raw["provenance"]["spec"] = "0" * 16


def test_a_record_may_be_run_again_once_the_code_has_changed(git, tmp_path):
    now = (git.root / RECORD).read_text()
    edit(git, stale)
    git.run("checkout", "-q", "main")
    git.commit("as it was made by other code")
    git.run("checkout", "-q", "-b", "again")
    git.write(RECORD, now)
    assert check(git).problems == []
    edit(git, stale)
    assert "made by other code" in lines(check(git), tmp_path)


def test_every_problem_is_named_at_once(git, tmp_path):
    (git.root / RECORD).chmod(0o755)
    (git.root / HOME / "dirac" / "bare.json").unlink()
    git.write(f"{HOME}/dirac/setup.py", "")
    git.write("bench/code.py", "2\n")
    found = lines(check(git), tmp_path)
    assert "setup.py: nothing that" in found
    assert "bare+r1.json: executable" in found
    assert "bare.json: is deleted" in found
    assert "bench/code.py: is in no submission" in found


def test_the_folder_is_validated_by_the_present_code(git, tmp_path):
    home = anew(git)
    edit(git, stale, f"{home}/dirac/bare.json")
    found = lines(check(git), tmp_path)
    assert f"{home}/dirac/bare.json: made by other code" in found


def test_honest_merges_pass(git, tmp_path):
    home = anew(git)
    outcome = check(git)
    assert (outcome.problems, outcome.line) == ([], f"{home}: 4 records are valid")


def test_the_same_login_may_be_written_in_capitals(git):
    anew(git)
    assert check(git, author="SomeOne").problems == []


def test_the_author_is_not_asked_for_where_none_is_given(git):
    anew(git)
    assert check(git, author=None).problems == []


def test_seeds_may_be_added(git, more_seeds):
    for path in more_seeds.rglob("*.json"):
        git.write(f"{HOME}/dirac/{path.name}", path.read_bytes())
    assert check(git).problems == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("bench/code.py", "no results are touched"),
        (".gitattributes", "no results are touched"),
        ("results/README.md", f"{KEPT}results/README.md"),
        ("results/FINDINGS.md", f"{KEPT}results/FINDINGS.md"),
        ("results/checks/2/someone/dirac/bare.json", f"{KEPT}results/checks/2/someone/dirac/bare"),
        (f"results/checks/2/me/draws/{'a' * 40}.json", f"{KEPT}results/checks/2/me/draws/aaaa"),
    ],
)
def test_what_is_no_submission_passes_at_once(git, path, line):
    git.write(path, "2\n")
    git.write("bench/more.py", "2\n")
    outcome = check(git, author="anybody")
    assert outcome.problems == []
    assert outcome.line.startswith(line)


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("results/standing.yaml", "maintained: [2/someone]\n", None),
        ("results/standing.yaml", "maintained: [2/nobody]\n", "there is no 2/nobody [form]"),
        ("results/standing.yaml", "maintained: [", "line 1: "),
        ("results/standing.yaml", "#" * 2**17, "131072 bytes, more than 65536 [form]"),
        ("results/checks/.gitattributes", "* -diff\n", "neither <protocol>/<submission>/"),
        ("results/checks/2/someone/dirac/run.sh", "exit\n", "neither <protocol>/<submission>/"),
        ("results/checks/2/someone/dirac/bare.json", "x" * 2**20, "1048576 bytes, more than"),
    ],
)
def test_what_maintainers_keep_is_checked_too(git, tmp_path, path, content, problem):
    git.write(path, content)
    outcome = check(git, author="anybody")
    assert outcome.line == f"{KEPT}{path}"
    if problem is None:
        assert outcome.problems == []
    else:
        (line,) = lines(outcome, tmp_path).splitlines()
        assert line.startswith(f"{path}: ")
        assert problem in line


def test_the_list_stays(git, tmp_path):
    (git.root / "results/standing.yaml").unlink()
    assert lines(check(git), tmp_path) == "results/standing.yaml: is deleted [form]"


def test_many_checks_are_counted(git):
    for name in ("bare", "bare+r1", "bare+r2"):
        git.write(f"results/checks/2/someone/dirac/{name}.json", "{}")
    git.write("results/README.md", "hello again\n")
    names = "results/README.md, results/checks/2/someone/dirac/bare+r1.json"
    assert check(git).line == f"{KEPT}{names} and 2 more in results/checks"


def test_a_bad_name_hides_no_other_problem(git, tmp_path):
    home = anew(git, "22")
    git.write(f"{home}/dirac/setup.py", "")
    edit(git, stale, f"{home}/dirac/bare.json")
    sign(git, home, "other")
    found = lines(check(git), tmp_path)
    assert f"{home}: '22' is a number" in found
    assert "setup.py: nothing that" in found
    assert "bare.json: made by other code" in found
    assert "the submission is that of other" in found


def test_nothing_slow_is_imported_where_no_record_is_touched(git):
    git.write("bench/code.py", "2\n")
    code = (
        "import sys; from bench.cli.app import main\n"
        f"try: main(['validate', '--merge', '{git.merge()}'])\n"
        "except SystemExit as ended: assert not ended.code\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=git.root,
        env=os.environ | {"PYTHONPATH": str(package_root())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "no results are touched\n"), done.stderr


def test_the_command_names_problems_and_exits_with_2(git, capsys, monkeypatch):
    monkeypatch.chdir(git.root)
    git.write(f"{HOME}/dirac/x\n::error::\x1b[31m.json", "{}")
    found = git.merge()
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert bench("validate", "--merge", found, "--author", "someone") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == f"error: 1 problem in {found}"
    assert "\n::" not in err
    assert "\x1b" not in err


def test_the_base_may_be_given(git):
    anew(git)
    git.merge()
    (git.root / RECORD).unlink()
    found = git.merge()
    assert (
        pull_request.check(git.root, found, base=found, author="x").line == "no results are touched"
    )
    assert pull_request.check(git.root, found, base="main~2", author="x").problems


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--merge", "nowhere"), "there is no commit nowhere"),
        (("--merge", "--all"), "there is no commit --all"),
        (("--merge", ""), "'' is no name of a commit"),
        (("--merge", "HEAD", "--base", "HEAD:results"), "there is no commit HEAD:results"),
        (("--merge", "HEAD", "results"), "--merge needs no folder"),
        ((), "give a folder of records, or --merge and a commit; see --help"),
        (("results", "--author", "someone"), "--base and --author go with --merge"),
    ],
)
def test_bad_input_is_one_line(git, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(git.root)
    assert bench("validate", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_no_repository(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(BadGit, match="not a git repository"):
        Repository(tmp_path)
    assert bench("validate", "--merge", "HEAD") == 2
    assert capsys.readouterr().err.startswith("error: git says: fatal: not a git repository")
