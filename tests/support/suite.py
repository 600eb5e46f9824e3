"""The suite as a user runs it: processes of its own in a folder of its own, with planted faults."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import yaml

from bench.engine import fault_injection
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.store import Found, walk, write
from tests.support.fakes import bench

ROOT = Path(__file__).resolve().parents[2]
LONG = 300.0
"""Seconds that anything here may take on a slow and busy machine."""


class Suite:
    """`python -m bench` in processes of its own, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        self._plan = folder / "faults"

    def plant(self, *plan: dict[str, object]) -> None:
        self._plan.mkdir()
        (self._plan / "plan.yaml").write_text(yaml.safe_dump(list(plan)))

    def start(self, *arguments: str, alone: bool = False) -> subprocess.Popen[str]:
        """Start a command; `alone` in a session of its own, as from a terminal."""
        inherited = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
        environment = {**inherited, "PYTHONPATH": str(ROOT), **self.environment}
        if self._plan.exists():
            environment[fault_injection.VARIABLE] = str(self._plan)
        return subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=alone,
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

    @property
    def workers(self) -> list[int]:
        """The processes in which training was begun."""
        logs = self.folder.glob("results/logs/*/*/*/*.log")
        return [
            int(number) for log in logs for number in re.findall(r"process (\d+)", log.read_text())
        ]

    def _lines(self, what: str) -> Counter[tuple[str, str]]:
        counts: Counter[tuple[str, str]] = Counter()
        for log in self.folder.glob("results/logs/*/*/*/*.log"):
            text = log.read_text()
            seeds = re.findall(r"begin \S+ seeds ([\d, ]+);", text)
            counts[f"{log.parent.name}/{log.stem}", seeds[0]] = len(re.findall(f" {what} ", text))
        return counts

    def tables(self) -> dict[str, bytes]:
        """What the report makes of the records, were they made in the same time and checkout."""
        copies = self.folder / "copies"
        for found in walk(self.folder / "results" / PROTOCOL_VERSION):
            assert isinstance(found, Found), found
            origin = found.record.provenance.model_copy(update={"commit": None, "dirty": None})
            same = {"seconds": {"update": 1.0}, "provenance": origin}
            timeless = found.record.model_copy(update=same)
            write(copies / found.path.relative_to(self.folder / "results"), timeless)
        assert bench("report", "--results", copies, "--out", copies / "report") == 0
        made = [*copies.glob("report/tables/*.csv"), copies / "report" / "LEADERBOARD.md"]
        assert {"runs.csv", "contrasts.csv", "LEADERBOARD.md"} <= {path.name for path in made}
        return {file.name: file.read_bytes() for file in made}


def wait_for(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - begin < LONG, "it has not come to that"
        time.sleep(0.05)


def planted(suite: Suite) -> set[str]:
    return {path.name for path in (suite.folder / "faults").iterdir()}


NAMELESS = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]
"""A user of whom the system knows nothing but the number, as in a container."""


def can_be_nameless() -> bool:
    with suppress(OSError):
        return subprocess.run([*NAMELESS, "true"], capture_output=True, check=False).returncode == 0
    return False
