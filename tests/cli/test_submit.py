"""`submit` makes a folder of records ready, and says how to send it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from bench.records import provenance
from bench.submissions import known_commits, manifest
from tests.support.fakes import FakeTraining, bench

RUN = (
    *("run", "--tasks", "dirac", "--strategies", "r1", "--base", "bare", "--seeds", "2"),
    *("--engine", "serial"),
)
SUBMIT = ("submit", "--name", "mine", "--by", "somebody")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: FakeTraining) -> Path:
    """An empty folder to run in, whose records say that the code was as it is committed."""
    _, commit = known_commits.trunk()
    monkeypatch.setattr("bench.records.provenance.checkout", lambda: (commit, False))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def test_a_submission_from_the_run_to_the_commit(place: Path, capsys) -> None:
    assert bench(*RUN, "--name", "mine") == 0
    capsys.readouterr()
    assert bench(*SUBMIT) == 0
    out = capsys.readouterr().out
    assert out.startswith("results/2/mine: 4 cells of 1 task, all valid. To send them:\n")
    found = manifest.load(Path("results/2/mine/submission.yaml"))
    assert (found.by, found.licence) == ("somebody", "CC-BY-4.0")
    assert found.hardware == [f"{provenance.cpu()}, 1 thread"]
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    commands = [shlex.split(text) for text in out.splitlines() if text.startswith("    git ")]
    assert [command[1] for command in commands] == ["switch", "add", "commit", "push"]
    for command in commands[:-1]:
        subprocess.run(["git", *identity, *command[1:]], check=True, capture_output=True)
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    assert listed.split() == [
        *(f"results/2/mine/dirac/bare{end}.json" for end in ("+harmful", "+placebo", "+r1", "")),
        "results/2/mine/submission.yaml",
    ]
    assert bench("validate", "results/2/mine") == 0


def test_own_records_are_copied_once(place: Path, capsys) -> None:
    assert bench(*RUN) == 0
    assert bench(*SUBMIT, "--from", "local") == 0
    assert bench(*SUBMIT, "--from", "local") == 0
    path = Path("results/2/local/dirac/bare.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds_seeds": 3}))
    kept = Path("results/2/mine/dirac/bare.json").read_bytes()
    assert bench(*SUBMIT, "--from", "local") == 2
    assert "is there and differs from" in line(capsys)
    assert Path("results/2/mine/dirac/bare.json").read_bytes() == kept


def test_what_was_said_before_stays(place: Path, capsys) -> None:
    assert bench(*RUN, "--name", "mine") == 0
    assert bench("submit", "--name", "mine") == 2
    assert line(capsys).endswith("give --by LOGIN, your login on GitHub")
    assert bench(*SUBMIT, "--licence", "MIT") == 0
    assert bench("submit", "--name", "mine") == 0
    found = manifest.load(Path("results/2/mine/submission.yaml"))
    assert (found.by, found.licence) == ("somebody", "MIT")
    (place / "gitconfig").write_text("[github]\n\tuser = other\n")
    Path("results/2/mine/submission.yaml").unlink()
    assert bench("submit", "--name", "mine") == 0
    assert manifest.load(Path("results/2/mine/submission.yaml")).by == "other"


def test_problems_are_named_and_nothing_is_ready(place: Path, capsys) -> None:
    assert bench(*RUN, "--name", "mine") == 0
    path = Path("results/2/mine/dirac/bare.json")
    raw = json.loads(path.read_text())
    raw["seeds"].pop()
    path.write_text(json.dumps(raw))
    capsys.readouterr()
    assert bench(*SUBMIT) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{path}: planned seeds without an outcome: 1 [seeds]" in err.splitlines()
    assert any(text.startswith("[seeds] run the cell again") for text in err.splitlines())
    assert err.splitlines()[-1].endswith("in results/2/mine; nothing is ready to be sent")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--name", "local"), "the folder of your own runs; choose another name"),
        (("--name", "../x"), "--name '../x' is no name"),
        (("--name", "2"), "--name '2' is a number"),
        (("--name", "a..b"), "holds '..', which no branch"),
        (("--name", "nobody"), "there is no results/2/nobody; run with --name nobody"),
        (("--name", "mine", "--from", "nobody"), "there is no results/2/nobody"),
        (("--name", "mine", "--from", "local", "--by", "a b"), "by: String should match"),
        (("--name", "mine", "--from", "local", "--by", "=1"), "by: String should match"),
        (("--name", "mine", "--from", "local", "--by", "a", "--licence", "x"), "licence: Input"),
    ],
)
def test_bad_input_is_one_line(place: Path, capsys, arguments, says: str) -> None:
    assert bench(*RUN) == 0
    capsys.readouterr()
    assert bench("submit", *arguments) == 2
    (text,) = capsys.readouterr().err.splitlines()
    assert says in text


def test_problems_as_json(place: Path, capsys) -> None:
    assert bench(*RUN, "--name", "mine") == 0
    capsys.readouterr()
    assert bench("validate", "results/2/mine", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["checked"] == 4
    assert [one.keys() for one in found["problems"]] == [{"file", "rule", "problem", "what_to_do"}]
    (one,) = found["problems"]
    assert (one["file"], one["rule"]) == ("results/2/mine/submission.yaml", "manifest")


def test_a_second_time_the_branch_is_there(place: Path, capsys) -> None:
    assert bench(*RUN, "--name", "mine") == 0
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "results-mine"], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for first in (True, False):
        capsys.readouterr()
        assert bench(*SUBMIT) == 0
        out = capsys.readouterr().out
        assert f"    git switch {'-c ' * first}results-mine\n" in out
        assert "`origin` is your fork" in out
        assert "The code's commits were looked for in " in out
        subprocess.run(
            ["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True
        )


@pytest.mark.parametrize("below", ["local", "mine"])
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a broken link", "a large file"])
def test_nothing_but_plain_files_is_copied(place: Path, capsys, kind: str, below: str) -> None:
    assert bench(*RUN) == 0
    path = Path("results/2", below, "dirac", "bare.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a large file":
        path.touch()
        os.truncate(path, 2**40)
    else:
        path.symlink_to("/dev/zero" if kind == "a device" else "nowhere")
    assert bench(*SUBMIT, "--from", "local") == 2
    says = "is larger than 512 kB" if kind == "a large file" else "is no plain file; remove it"
    assert f"error: {path} {says}" in line(capsys)


@pytest.mark.parametrize("device", [True, False])
def test_a_manifest_is_a_plain_file(tmp_path: Path, device: bool) -> None:
    path = tmp_path / manifest.FILE
    if device:
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    with pytest.raises(manifest.BadManifest, match="is not a regular file"):
        manifest.load(path)


def test_a_folder_is_checked_beside_the_results_that_it_lies_in(place: Path, capsys) -> None:
    for name in ("mine", "other"):
        assert bench(*RUN, "--name", name) == 0
    assert bench(*SUBMIT) == 2
    said = capsys.readouterr().err
    assert "[copy]" in said
    for path in ("results/2/mine", place / "results" / "2" / "mine"):
        assert bench("validate", path) == 2
        assert "[copy]" in capsys.readouterr().err
    Path("elsewhere").mkdir()
    Path("results/2/mine").rename("elsewhere/mine")
    assert bench("validate", "elsewhere/mine") == 2
    assert "[copy]" not in capsys.readouterr().err
