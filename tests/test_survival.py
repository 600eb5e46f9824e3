"""What is killed, cut short or full loses nothing: the same command ends with the same tables.

Real processes, real training of two games, planted faults.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml

from bench import faults
from bench.grid import PROTOCOL_VERSION
from bench.record import Found, walk, write
from tests.fakes import bench

GRID = ("--tasks", "dirac,bilinear", "--strategies", "r1", "--base", "bare", "--seeds", "2")
CELLS = 8
LONG = 90.0
"""Seconds that anything here may take on a slow and busy machine."""


class Suite:
    """`python -m bench` in processes of its own, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._plan = folder / "faults"

    def plant(self, *plan: dict[str, object]) -> None:
        self._plan.mkdir()
        (self._plan / "plan.yaml").write_text(yaml.safe_dump(list(plan)))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        environment.pop("RAY_ADDRESS", None)
        if self._plan.exists():
            environment[faults.VARIABLE] = str(self._plan)
        return subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Its exit code, stdout and stderr."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=LONG)
        return process.returncode, out, err

    @property
    def trained(self) -> Counter[tuple[str, str]]:
        """How often the seeds of each cell were trained to the end."""
        return self._lines("done")

    @property
    def begun(self) -> Counter[tuple[str, str]]:
        """How often the training of the seeds of each cell was begun."""
        return self._lines("begin")

    def _lines(self, what: str) -> Counter[tuple[str, str]]:
        counts: Counter[tuple[str, str]] = Counter()
        for log in self.folder.glob("results/logs/*/*/*/*.log"):
            text = log.read_text()
            seeds = re.findall(r"begin \S+ seeds ([\d, ]+);", text)
            counts[f"{log.parent.name}/{log.stem}", seeds[0]] = len(re.findall(f" {what} ", text))
        return counts

    def tables(self) -> dict[str, bytes]:
        """What the report makes of the records, were they all made in the same time."""
        copies = self.folder / "copies"
        for found in walk(self.folder / "results" / PROTOCOL_VERSION):
            assert isinstance(found, Found), found
            timeless = found.record.model_copy(update={"seconds": {"update": 1.0}})
            write(copies / found.path.relative_to(self.folder / "results"), timeless)
        assert bench("report", "--results", copies, "--out", copies / "report") == 0
        made = [*copies.glob("report/tables/*.csv"), copies / "report" / "LEADERBOARD.md"]
        assert len(made) == 5
        return {file.name: file.read_bytes() for file in made}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of a run that nothing has happened to."""
    suite = Suite(tmp_path_factory.mktemp("undisturbed"))
    assert suite("run", *GRID, "--engine", "serial")[0] == 0
    assert set(suite.trained.values()) == {1}
    return suite.tables()


def wait_for(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - begin < LONG, "it has not come to that"
        time.sleep(0.05)


def children(process: subprocess.Popen[str], name: str) -> list[psutil.Process]:
    below = psutil.Process(process.pid).children(recursive=True)
    return [child for child in below if name in " ".join(child.cmdline())]


def hang(cell: str, **more: object) -> dict[str, object]:
    return {"cell": cell, "kind": "hang", "at": 0.5, **more}


def records(suite: Suite) -> list[Path]:
    return list(suite.folder.glob(f"results/{PROTOCOL_VERSION}/local/*/*.json"))


@pytest.mark.parametrize("whom", ["driver", "raylet", "gcs_server"])
def test_a_killed_process_of_the_run(
    suite: Suite, undisturbed: dict[str, bytes], whom: str
) -> None:
    """Killed while a cell is under way and others are done: they are not run again."""
    suite.plant(hang("dirac/bare"))
    process = suite.start("run", *GRID)
    wait_for(process, lambda: len(records(suite)) >= 3 and "0-hang-0" in planted(suite))
    victims = [psutil.Process(process.pid)] if whom == "driver" else children(process, whom)
    workers = children(process, "ray::")
    assert victims
    assert workers
    before = {path: path.read_bytes() for path in records(suite)}
    done = suite.trained
    for victim in victims:
        victim.kill()
    process.communicate(timeout=LONG)
    assert process.returncode != 0
    psutil.wait_procs(workers, timeout=LONG)  # none of them goes on in secret
    code, _, err = suite("run", *GRID)
    assert (code, err) == (0, "")
    assert suite.tables() == undisturbed
    assert all(path.read_bytes() == text for path, text in before.items())
    for cell, times in done.items():
        assert not times or suite.begun[cell] == suite.trained[cell] == 1 or cell[0] == "dirac/bare"


def planted(suite: Suite) -> set[str]:
    return {path.name for path in (suite.folder / "faults").iterdir()}
