"""How long the commands take that do not train, as whole processes, on the committed records."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CORE = ("--grid", "core", "--base", "reference", "--seeds", "5", "--name", "core")
COMMANDS = {
    "help": (["--help"], 1.0),
    "list of tasks": (["list", "tasks"], 1.0),
    "list of strategies": (["list", "strategies"], 1.0),
    "status": (["status"], 1.0),
    "plan of a run": (["run", *CORE, "--dry-run"], 3.0),
    "validation of 28 records": (["validate", "results/2/demo"], 3.0),
    "report of all records": (["report", "--out", "{out}"], 15.0),
}
"""Command, and the most seconds it may take (median of three) on an idle core or two."""


@pytest.fixture
def one_core() -> None:
    """The report draws its figures on all cores."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_soon(
    name: str, benchmark: Any, tmp_path: Path, say: Callable[[str], None]
) -> None:
    arguments, most = COMMANDS[name]
    command = [sys.executable, "-m", "bench", *(a.format(out=tmp_path) for a in arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run() -> None:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        # Without a run there is no status to show, which takes as long to find out.
        assert done.returncode == 0 or name == "status", done.stderr

    benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    if benchmark.stats is not None:
        seconds = benchmark.stats.stats.median
        say(f"{name}: {seconds:.2f} s, at most {most:g}")
        assert seconds <= most
