"""Runs in places that notebooks, containers, schedulers and strangers' folders make: real ones.

Several hardships at once, because every start of Ray takes ten seconds.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from bench.engine import rehearsal
from tests.support.suite import (
    LONG,
    NAMELESS,
    ROOT,
    Suite,
    can_be_nameless,
    planted,
    wait_for,
)

pytestmark = pytest.mark.ray

GRID = ("--tasks", "dirac", "--strategies", "r1", "--base", "bare", "--seeds", "2")
HARSH = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONOPTIMIZE": "2",
    "RAY_TMPDIR": "/tmp/" + "long" * 30,
    "SLURM_CPUS_PER_TASK": "1",
}


def run(folder: Path, *arguments: str, nameless: bool = False, **more: str) -> tuple[int, str]:
    """The console script's function in a folder; its exit code, and all that it says."""
    script = folder / "crossover"  # as pip writes it, so that the folder is no place to import from
    script.write_text("import sys\nfrom bench.cli.app import main\nsys.exit(main())\n")
    elsewhere = folder / "work"
    unset = {"RAY_ADDRESS", *(("HOME", "USER", "LOGNAME") if nameless else ())}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [*(NAMELESS if nameless else ()), sys.executable, str(script), *arguments],
        cwd=elsewhere,
        env={**kept, "PYTHONPATH": str(ROOT), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """A project whose modules have the names of ours, and of libraries that we use."""
    work = tmp_path / "work"
    work.mkdir()
    for name in ("tasks", "strategies"):
        (work / name).mkdir()
        (work / name / "__init__.py").write_text("raise RuntimeError('a stranger')\n")
    for name in ("bench", "joblib", "typer", "results"):
        (work / f"{name}.py").write_text("raise RuntimeError('a stranger')\n")
    return tmp_path


def test_a_run_in_a_harsh_place(strangers: Path) -> None:
    """Every worker finds our modules, and with one processor one cell is trained at a time."""
    nameless = can_be_nameless()
    code, said = run(strangers, "run", *GRID, nameless=nameless, **HARSH)
    assert code == 0, said
    assert said.splitlines()[-1] == "all cells have records in results/2/local"
    logs = (strangers / "work").glob("results/logs/2/local/dirac/*.log")
    times = sorted(
        tuple(
            datetime.fromisoformat(stamp.replace(",", "."))
            for stamp in re.findall(r"^(\S+ \S+) (?:begin|done) ", log.read_text(), re.M)
        )
        for log in logs
    )
    assert len(times) == 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(times)), (
        "two cells were trained at once"
    )
    code, said = run(strangers, "report", nameless=nameless, **HARSH)
    assert code == 0, said
    assert not list(Path("/tmp").glob("crossover-home-*"))


@pytest.mark.skipif(not can_be_nameless(), reason="users cannot be mapped here")
def test_a_home_that_cannot_be_written(strangers: Path) -> None:
    """Ray's token is then in no file."""
    home = strangers / "home"
    home.mkdir(mode=0o555)
    code, said = run(strangers, "run", *GRID, nameless=True, HOME=str(home))
    assert code == 0, said
    assert not list(home.iterdir())


def test_workers_that_cannot_start_are_named(strangers: Path) -> None:
    """In a line with the reason, although Ray starts them again for ever."""
    (strangers / "sitecustomize.py").write_text(
        "import os\n"
        "if 'default_worker' in open('/proc/self/cmdline').read():\n"
        "    raise SystemExit('planted: no worker starts here')\n"
    )
    (strangers / "main.py").write_text(
        "from bench.engine import first_start\n"
        "first_start.PATIENCE = 3.0\n"
        "from bench.cli.app import main\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(strangers / "main.py"), "run", *GRID],
        cwd=strangers,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{strangers}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = next(line for line in process.stdout if line.startswith("nothing has started"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONG)
    assert "after 3 s: Ray's workers end before they begin: SystemExit: planted" in said
    assert process.returncode == 130


def test_a_tiny_run_tells_doctor_what_a_run_would_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rehearsal.tiny_run(tmp_path, None) < LONG
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ray'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(rehearsal.Failed, match="ray"):
        rehearsal.tiny_run(tmp_path, None)
    assert [path.name for path in tmp_path.iterdir()] == ["sitecustomize.py"]


@pytest.mark.parametrize("whom", ["group", "all"])
def test_a_signal_to_more_than_the_command(tmp_path: Path, whom: str) -> None:
    """As a terminal, a scheduler or a container's end sends it: Ray's daemons may be dead first."""
    suite = Suite(tmp_path)
    suite.plant({"cell": "dirac/bare", "kind": "hang", "at": 0.5})
    process = suite.start("run", *GRID, alone=True)
    wait_for(process, lambda: "0-hang-0" in planted(suite))
    below = psutil.Process(process.pid).children(recursive=True)
    begin = time.monotonic()
    if whom == "group":
        os.killpg(process.pid, signal.SIGINT)
    else:
        for each in [psutil.Process(process.pid), *below]:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    assert time.monotonic() - begin < 15
    assert process.returncode == 130
    (line,) = err.splitlines()
    assert re.match(r"error: interrupted with \d of 4 cells to go; the records of the others", line)
    assert psutil.wait_procs(below, timeout=10)[1] == []


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_under_uv_run(strangers: Path) -> None:
    """Ray would make a new environment for every worker."""
    python = ["uv", "run", "--no-project", "--python", sys.executable, "python"]
    process = subprocess.run(
        [*python, "-m", "bench", "run", *GRID, "--results", str(strangers / "results")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert process.returncode == 0, process.stderr
