"""`doctor` finds what is planted, and has something to do about it."""

import importlib.metadata
import shutil
from pathlib import Path

import pytest

from bench.engine import preflight
from tests.support.fakes import bench


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
