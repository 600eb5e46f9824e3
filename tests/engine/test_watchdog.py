"""A process in which nothing moves is ended, and one that moves is not."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.engine import fault_injection
from bench.engine.watchdog import EXIT_HUNG, Watchdog

SCRIPT = """
import sys, time
from bench.engine.watchdog import Watchdog
with open(sys.argv[1], "w") as log, Watchdog(0.5, "nothing moves", log) as dog:
    for _ in range(20):
        time.sleep(0.1)
        dog.pat()
    def stand_still():
        time.sleep(60)
    stand_still()
"""


def test_only_silence_ends_a_process(tmp_path: Path) -> None:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "log"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 2.4 < time.monotonic() - begin < 30
    assert done.returncode == EXIT_HUNG
    assert done.stderr == "error: nothing moves\n"
    log = (tmp_path / "log").read_text()
    assert log.startswith("nothing moves\n")
    assert "in stand_still" in log


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that Linux has")
def test_a_full_disk_does_not_keep_it() -> None:
    command = [sys.executable, "-c", SCRIPT, "/dev/full"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (EXIT_HUNG, "error: nothing moves\n")


APART = """
import signal, sys, threading, time, os
from bench.cli import child_process
child_process.CLEAN_END = 1.0
def deaf(way):
    if way == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(60)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(130)
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    print(child_process.run_in_child(deaf, sys.argv[1]))
except KeyboardInterrupt:
    print("killed")
"""


@pytest.mark.parametrize(("way", "told"), [("willing", "130"), ("deaf", "killed")])
def test_ctrl_c_ends_a_process_apart_in_one_way_or_another(way: str, told: str) -> None:
    command = [sys.executable, "-c", APART, way]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (told, "")
    assert time.monotonic() - begin < 30


def test_it_does_not_bark_after_the_end(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log, Watchdog(0.2, "nothing moves", log):
        pass
    time.sleep(0.4)  # this process would be gone
    assert (tmp_path / "log").read_text() == ""


def test_planted_faults_happen_as_often_as_planned(tmp_path, monkeypatch):
    monkeypatch.setenv(fault_injection.VARIABLE, str(tmp_path))
    (tmp_path / "plan.yaml").write_text("[{cell: a/b, kind: crash, at: 0.5, times: 2}]")
    assert not fault_injection.Faults("a/c")
    for _ in range(2):
        planned = fault_injection.Faults("a/b")
        planned.training(0.4)
        with pytest.raises(fault_injection.Planted):
            planned.training(0.6)
    fault_injection.Faults("a/b").training(1.0)
    (tmp_path / "plan.yaml").write_text("[{cell: a/b, kind: earthquake}]")
    with pytest.raises(ValueError, match="no such fault: earthquake; crash, oom, hang"):
        fault_injection.Faults("a/b")


def test_nothing_is_planted_unless_asked_for(monkeypatch):
    monkeypatch.delenv(fault_injection.VARIABLE, raising=False)
    assert not fault_injection.Faults("any")
