"""A compiler or a cache that does not work is one line that names it, before anything is run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bench.engine.machine import cache_problem, set_cache_aside
from bench.engine.preflight import compiler_problem
from bench.training.compilation import compiler
from tests.support.fakes import FakeTraining, bench

SMALL = ("--tasks", "dirac", "--strategies", "", "--base", "bare", "--engine", "serial")


def program(folder: Path, text: str) -> str:
    path = folder / "c++"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


BROKEN = {
    "does nothing": ("exit 0", "does not work (exit code 0, no output)"),
    "fails": ("exit 3", "does not work (exit code 3, no output)"),
    "says why": ("echo no licence >&2; exit 1", "does not work (no licence)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_compiler_is_named_in_one_line(case, tmp_path, monkeypatch, capsys) -> None:
    text, why = BROKEN[case]
    monkeypatch.setenv("CXX", program(tmp_path, text))
    monkeypatch.setattr("bench.training.train.train", FakeTraining())
    monkeypatch.chdir(tmp_path)
    assert bench("run", *SMALL, "--seeds", 1) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"note: the C++ compiler {tmp_path / 'c++'} {why}, so updates are")


def test_no_compiler_and_a_working_one(monkeypatch) -> None:
    if compiler() is not None:
        assert compiler_problem() is None
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert compiler_problem() == "no C++ compiler was found (g++, or $CXX)"


@pytest.mark.parametrize("place", ["file/cache", "file"])
def test_a_cache_that_cannot_be_made_is_bad_input(place, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "file").write_text("precious")
    folder = tmp_path / place
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(folder))
    training = FakeTraining()
    monkeypatch.setattr("bench.training.train.train", training)
    monkeypatch.chdir(tmp_path)
    assert bench("run", *SMALL, "--seeds", 1) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: TORCHINDUCTOR_CACHE_DIR={folder} cannot be used: ")
    assert training.calls == []
    assert (tmp_path / "file").read_text() == "precious"


def test_a_cache_that_can_be_made_is_no_problem(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "new" / "cache"))
    set_cache_aside()
    assert cache_problem() is None
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "new" / "cache")


def test_a_cache_that_cannot_be_made_breaks_no_other_command(tmp_path, monkeypatch, capsys) -> None:
    """Libraries would make it when they are imported; `doctor` names it."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert bench("list", "tasks") == 0
    assert "TORCHINDUCTOR_CACHE_DIR" not in os.environ
    assert "file/cache cannot be used" in str(cache_problem())
    set_cache_aside()  # for the tests after this one
