"""`doctor` finds what is planted, and has something to do about it."""

import importlib.metadata
import shutil
from pathlib import Path

import pytest

from bench.engine import preflight, rehearsal
from bench.training import compilation
from bench.training.compilation import compiler
from tests.support.fakes import bench


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what takes seconds; tests/engine/test_places.py has a real tiny run."""
    monkeypatch.setattr(rehearsal, "tiny_run", lambda place, address: 1.0)
    monkeypatch.setattr(rehearsal, "compilation_problem", lambda: None)


def findings(results: Path, address: str | None = None) -> dict[str, list[preflight.Finding]]:
    found: dict[str, list[preflight.Finding]] = {}
    for finding in preflight.examine(results, address):
        found.setdefault(finding.what, []).append(finding)
    return found


def test_a_machine_on_which_the_tests_run_has_no_problem(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert bench("doctor", "--results", tmp_path) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "runs will work here"
    assert err == ""
    assert not list(tmp_path.iterdir())


def test_every_note_and_problem_has_a_fix(tmp_path, monkeypatch):
    """A folder without data, no compiler, no envpool, a token switched off, an old package."""
    version = importlib.metadata.version

    def lacking(package: str) -> str:
        if package == "envpool":
            raise importlib.metadata.PackageNotFoundError(package)
        return "0.1" if package == "ray" else version(package)

    monkeypatch.setattr(preflight, "version", lacking)
    monkeypatch.setattr(preflight, "compiler", lambda: None)
    monkeypatch.setenv("CROSSOVER_DATA", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 8, 1))
    found = findings(tmp_path)
    assert [f.text for f in found["package"]] == ["ray: 0.1"]
    assert found["package"][0].fix.startswith("pip install 'ray")
    expected = {"package", "compiler", "envpool", "data", "results", "temporary files"}
    expected |= {"a tiny run"}  # not tried
    bad = {what for what, each in found.items() if any(f.state != "ok" for f in each)}
    assert bad - {"gpu"} == expected | {"ray's token"}
    assert all(f.fix for what in bad - {"gpu"} for f in found[what] if f.state != "ok")
    assert {f.fix for f in found["data"]} == {
        f"python -m bench fetch {name}" for name in ("fashion_mnist", "cifar10", "inception")
    }


def test_a_folder_that_cannot_be_written_and_a_cluster_that_is_not_there(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    found = findings(file / "results", "ray://somewhere:1")
    assert (found["results"][0].state, found["ray"][0].state) == ("problem", "problem")
    assert bench("doctor", "--results", file / "results", "--address", "ray://x:1") == 1
    assert capsys.readouterr().err == "error: 2 problems; see the last column\n"


@pytest.mark.parametrize("python", ["3.10.1", "3.14.0"])
def test_a_python_that_does_not_fit(tmp_path, monkeypatch, python):
    monkeypatch.setattr("platform.python_version", lambda: python)
    assert findings(tmp_path)["python"][0].state == "problem"


def test_what_a_tiny_run_says_is_a_problem(tmp_path, capsys, monkeypatch):
    def fail(place, address):
        raise rehearsal.Failed("no worker starts here")

    monkeypatch.setattr(rehearsal, "tiny_run", fail)
    assert bench("doctor", "--results", tmp_path) == 1
    out, err = capsys.readouterr()
    assert "no worker starts here" in out
    assert "runs will work here" not in out
    assert err == "error: 1 problem; see the last column\n"


def test_code_that_cannot_be_compiled_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "compilation_problem", lambda: "no room for the cache")
    (compiler,) = findings(tmp_path)["compiler"]
    assert (compiler.state, compiler.text.partition(":")[0]) == ("note", "no room for the cache")


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_a_small_function_is_compiled_and_checked(monkeypatch):
    monkeypatch.undo()
    assert rehearsal.compilation_problem() is None
    monkeypatch.setenv("CXX", "false")
    monkeypatch.setattr(compilation, "compiled", lambda recording, leaves: recording.by(wrong))
    assert rehearsal.compilation_problem() == "compiled code gives wrong numbers"


def wrong(*leaves):
    return [leaf + 1.0 for leaf in leaves]


@pytest.mark.parametrize(
    ("mode", "state", "text"),
    [
        (0o600, "ok", "only you can read it"),
        (0o400, "ok", "only you can read it"),
        (0o644, "problem", "can be read by others"),
        (0o640, "problem", "can be read by others"),
        (0o604, "problem", "can be read by others"),
        (0o620, "problem", "can be read by others"),
        (None, "problem", "No such file"),
    ],
)
def test_a_clusters_token_that_others_can_read(tmp_path, monkeypatch, mode, state, text):
    path = tmp_path / "auth_token"
    if mode is not None:
        path.write_text("secret")
        path.chmod(mode)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(path))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setattr(preflight, "reach", lambda address: None)
    (found,) = findings(tmp_path, "somewhere:1")["ray's token"]
    assert found.state == state
    assert text in found.text
    assert found.fix == f"chmod 600 {path}" * ("others" in text) or state == "ok" or mode is None


def test_a_commit_that_cannot_be_read_is_a_note(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(preflight, "checkout_problem", lambda: "git says: fatal: no")
    (found,) = findings(tmp_path)["commit"]
    assert (found.state, found.text) == ("note", "git says: fatal: no")
