"""Commands with whatever notebooks, containers and shells leave in the environment."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cli import streams
from bench.cli.process import decodable
from tests.support.fakes import FakeTraining, bench
from tests.support.small import SMALL, one_error
from tests.support.suite import NAMELESS, ROOT, can_be_nameless

Start = Callable[..., subprocess.CompletedProcess[str]]
BAD = b"\xff"


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """`python -m bench`, or another program, as a process of its own, in an empty folder."""

    def run(
        *command: Any, prefix: Any = (), flags: Any = (), program: str = "", **changes: Any
    ) -> Any:
        what = ["-c", program] if program else ["-m", "bench", *command]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
        given = {name: value for name, value in environment.items() if value is not None}
        return subprocess.run(
            [*prefix, sys.executable, *flags, *what],
            cwd=tmp_path,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def with_records(tmp_path: Path, training: FakeTraining, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *SMALL, "--seeds", "2") == 0
    return tmp_path


BACKENDS = [
    *("module://matplotlib_inline.backend_inline", "inline", "module://no_such_module"),
    *("no such backend", "TkAgg", ""),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_figures_can_be_drawn_whatever_backend_is_set(backend: str) -> None:
    program = "from bench.cli.process import prepare; prepare(); import bench.report.heat_maps"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": backend}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_a_report_is_made_with_a_notebooks_backend(start: Start, with_records: Path) -> None:
    done = start("report", MPLBACKEND=BACKENDS[0])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_whose_python_drops_docstrings(start: Start) -> None:
    """Ray and lists need them; the process is started anew."""
    run = ("run", *SMALL, "--updates", "3", "--seeds", "1", "--strategies", "r1")
    done = start(*run, PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Run the missing cells" in start("run", "--help", PYTHONOPTIMIZE="2").stdout


@pytest.mark.parametrize(
    ("flags", "variable"),
    [
        *(((), "1"), ((), "2"), (("-O",), None), (("-OO",), None)),
        *((("-BOO",), None), (("-W", "ignore", "-OOs"), "1"), (("-X", "utf8", "-O"), None)),
    ],
)
def test_docstrings_are_there_although_python_drops_them(
    start: Start, flags: tuple[str, ...], variable: str | None
) -> None:
    """As the registry reads them, when it imports every task."""
    program = (
        "import sys\nfrom bench.cli.process import keep_docstrings\nkeep_docstrings()\n"
        "import bench.tasks.dirac as dirac\nprint(sys.flags.optimize, bool(dirac.__doc__))"
    )
    done = start(flags=flags, program=program, PYTHONOPTIMIZE=variable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 True\n", "")


NOBODY = {"HOME": None, "USER": None, "LOGNAME": None}


@pytest.mark.skipif(not can_be_nameless(), reason="users cannot be mapped here")
@pytest.mark.parametrize("command", [["list", "tasks"], ["report"], ["status"], ["fetch"]])
def test_a_user_without_home_and_name(start: Start, with_records: Path, command: list[str]) -> None:
    done = start(*command, prefix=NAMELESS, **NOBODY)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_that_is_no_text_is_bad_input(start: Start, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + BAD)
    for command in (
        ["run", *SMALL, "--results", path],
        ["run", *SMALL, "--tensorboard", path],
        ["run", *SMALL, "--data-root", path],
        ["run", *SMALL, "--grid", f"{path}.yaml"],
        ["run", "--tasks", os.fsdecode(BAD)],
        ["run", *SMALL, "--strategies", f"r1,{os.fsdecode(BAD)}"],
        ["tune", "--budget", "2", "--results", path],
        ["report", "--results", path],
        ["report", "--out", path],
        ["report", "--leaderboard", path],
        ["show", "dirac/bare", "--results", path],
        ["show", "dirac/bare", "--out", path],
        ["status", "--results", path],
        ["validate", path],
        ["doctor", "--results", path],
        ["fetch", "cifar10", "--data-root", path],
    ):
        done = start(*command)
        assert done.returncode == 2, command
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
    assert start("run", *SMALL, CROSSOVER_DATA=path).returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("a long name", "File name too long"),
        ("a link to itself", "Too many levels of symbolic links"),
        ("a link to nothing", "which does not exist"),
        ("no permission", "Permission denied"),
    ],
)
def test_a_path_that_cannot_be_used_is_bad_input(
    kind: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / ("x" * 300 if kind == "a long name" else "x")
    if kind == "a link to itself":
        path.symlink_to(path)
    elif kind == "a link to nothing":
        path.symlink_to(tmp_path / "nothing")
    elif kind == "no permission":
        stat = Path.stat

        def refuse(place: Path, **more: Any) -> os.stat_result:
            if place == path:
                raise PermissionError(errno.EACCES, "Permission denied")
            return stat(place, **more)

        monkeypatch.setattr(Path, "stat", refuse)
    for command in (
        ["run", *SMALL, "--results", path],
        ["run", *SMALL, "--dry-run", "--results", path],
        ["run", *SMALL, "--data-root", path],
        ["tune", "--budget", "2", "--results", path],
        ["report", "--results", path],
        ["report", "--out", path],
        ["status", "--results", path],
        ["show", "dirac/bare", "--results", path],
        ["validate", path],
        ["doctor", "--results", path],
        ["fetch", "cifar10", "--data-root", path],
    ):
        assert bench(*command) == 2, command
        assert why in one_error(capsys)


@pytest.mark.parametrize("place", ["no text", "gone"])
def test_a_working_directory_that_cannot_be_used(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + BAD)) / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    if place == "gone":
        folder.rmdir()
    assert bench("list", "kits") == 2
    assert one_error(capsys).startswith("the working directory")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("path", "is_text"), [("a", True), ("名前", True), ("é", True), (os.fsdecode(BAD), False)]
)
def test_what_is_text(path: str, is_text: bool) -> None:
    assert decodable(Path(path)) == is_text


@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "| true", "| head -n 1", "2>&1 | true"]
)
@pytest.mark.parametrize(
    "command",
    ["list strategies", "list tasks --json", "status", f"run {' '.join(SMALL)}".replace("''", "")],
)
def test_streams_that_are_closed_or_have_no_reader(
    redirection: str, command: str, with_records: Path
) -> None:
    command = command.replace("--strategies  ", "--strategies '' ")
    shell = f"set -o pipefail; '{sys.executable}' -m bench {command} --seeds 2 {redirection}"
    if not command.startswith("run"):
        shell = shell.replace(" --seeds 2", "")
    done = subprocess.run(
        ["bash", "-c", shell],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL),
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [["list", "kits"], ["list", "grids", "--json"], ["status"]])
def test_output_that_is_lost_is_said(with_records: Path, command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bench", *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"error: standard output cannot be written: {os.strerror(errno.ENOSPC)}\n"
    )


def test_after_an_error_nothing_more_is_written(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    output = streams.Output(os.fdopen(writing, "w"))
    output.write("one\n")
    output.flush()
    assert os.read(reading, 10) == b"one\n"
    os.close(reading)
    for _ in range(3):
        assert output.write("two\n") == 4
        output.flush()
    assert output.error is not None
    assert output.error.errno == errno.EPIPE
    output.close()
