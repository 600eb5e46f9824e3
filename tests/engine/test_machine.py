"""What a process may use of its machine, and why nothing starts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.engine import first_start, machine
from bench.engine.first_start import awaited, last_error, why_nothing_starts
from bench.engine.plan import Resources
from tests.support.suite import ROOT


@pytest.mark.parametrize(
    ("variables", "most"),
    [
        ({}, None),
        ({"SLURM_CPUS_PER_TASK": "1"}, 1),
        ({"SLURM_CPUS_ON_NODE": "1"}, 1),
        ({"SLURM_CPUS_PER_TASK": "1", "SLURM_CPUS_ON_NODE": "64"}, 1),
        ({"SLURM_CPUS_PER_TASK": "9999"}, None),
        ({"SLURM_CPUS_PER_TASK": "0"}, 1),
        ({"SLURM_CPUS_PER_TASK": "2(x3)"}, None),
        ({"SLURM_CPUS_PER_TASK": ""}, None),
    ],
)
def test_slurm_may_allot_less_than_there_is(
    variables: dict[str, str], most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in machine.SLURM:
        monkeypatch.delenv(name, raising=False)
    every = machine.allowed_cpus()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert machine.allowed_cpus() == (every if most is None else most)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="not on this system")
def test_affinity_counts() -> None:
    program = (
        "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from bench.engine.machine import allowed_cpus\nprint(allowed_cpus())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.check_output([sys.executable, "-c", program], env=environment) == b"1\n"


@pytest.mark.parametrize("name", ["RAY_TMPDIR", "TMPDIR"])
@pytest.mark.parametrize("kind", ["long", "long bytes", "read-only", "a file", "good"])
def test_rays_folder_is_short_and_can_be_written(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's choice if that is possible, or the next best."""
    for each in ("RAY_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(each, raising=False)
    folder = Path("/tmp") / f"x{os.getpid()}"
    if kind == "long":
        folder = tmp_path / ("long" * 30)
    elif kind == "long bytes":  # 20 characters, 60 bytes
        folder = Path("/tmp") / ("長" * 20)
    elif kind == "read-only":
        folder = Path("/proc")
    elif kind == "a file":
        folder = Path("/etc/passwd")
    monkeypatch.setenv(name, str(folder))
    found = machine.socket_folder()
    assert (found == f"{folder}/ray") == (kind == "good")
    assert len(os.fsencode(found)) + machine.SOCKET <= machine.LONGEST_SOCKET
    assert os.access(found, os.W_OK)
    if kind == "good":
        Path(found).rmdir()
        folder.rmdir()


def test_no_folder_for_ray_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_can_write", lambda folder: False)
    with pytest.raises(machine.NoFolder, match=r"set RAY_TMPDIR to one whose path has at most 3\d"):
        machine.socket_folder()


def test_the_longest_socket_is_as_long_as_rays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray names a session by date, time, microseconds and process, and counts sockets."""
    session = "session_2026-11-26_00-19-22_123456_4194304"
    assert len(f"/{session}/sockets/plasma_store.1") <= machine.SOCKET


def test_a_start_is_waited_for_and_then_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_start, "PATIENCE", 0.05)
    monkeypatch.setattr(first_start, "AGAIN", 0.05)
    said: list[str] = []
    twice = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 2:
            twice.set()

    with awaited(say, lambda: "the reason"):
        assert twice.wait(10.0)
    assert said[0] == "nothing has started after 0 s: the reason"
    said.clear()
    with awaited(say, lambda: "the reason") as started:
        started.set()
        threading.Event().wait(0.2)
    assert said == []


def test_a_reason_that_cannot_be_found_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_start, "PATIENCE", 0.01)
    said: list[str] = []
    told = threading.Event()

    def why() -> str:
        raise RuntimeError("no cluster")

    with awaited(lambda text: (said.append(text), told.set())[0], why):
        assert told.wait(10.0)
    assert said == ["nothing has started after 0 s: Ray does not answer (no cluster)"]


@pytest.mark.parametrize(
    ("free", "needs", "logs", "reason"),
    [
        ({"CPU": 0.0}, Resources(1), {}, "a cell takes 1 CPUs and 0 GPUs, and of the cluster's 0"),
        ({}, Resources(2), {}, "a cell takes 2 CPUs"),
        ({"CPU": 8.0}, Resources(1, 0.5), {}, "a cell takes 1 CPUs and 0.5 GPUs"),
        ({"CPU": 8.0}, Resources(1), {}, "Ray has not started a worker yet; see "),
        ({"CPU": 8.0}, Resources(1), {"worker-1.err": ""}, "has not started a worker yet"),
        ({"CPU": 8.0}, Resources(1), {"worker-1.err": "a\nno such module\n"}, "no such module"),
        ({"CPU": 0.0}, Resources(1), {"raylet.err": "no module\n\n"}, "begin: no module; see"),
        ({"CPU": 0.0}, Resources(1), {"gcs_server.err": "noise\n"}, "a cell takes 1 CPUs"),
    ],
)
def test_why_nothing_starts(
    free: dict[str, float], needs: Resources, logs: dict[str, str], reason: str, tmp_path: Path
) -> None:
    for name, text in logs.items():
        (tmp_path / name).write_text(text)
    assert reason in why_nothing_starts(needs, free, tmp_path)


def test_the_newest_error_counts(tmp_path: Path) -> None:
    for number, name in enumerate(("worker-new.err", "raylet.err", "worker-old.err")):
        (tmp_path / name).write_text(f"{name}\n")
        os.utime(tmp_path / name, (9 - number, 9 - number))
    assert last_error(tmp_path) == (tmp_path / "worker-new.err", "worker-new.err")
    assert last_error(tmp_path / "nowhere") is None
