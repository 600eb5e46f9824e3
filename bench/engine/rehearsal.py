"""Tries what a run needs, in the environment of a run: a tiny cell, and a compiled function."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from bench.records.provenance import package_root
from bench.training import compilation
from bench.training.trace import trace

TINY = [
    *("run", "--tasks", "dirac", "--strategies", "", "--base", "bare"),
    *("--updates", "2", "--seeds", "1", "--name", "doctor"),
]
LONGEST = 180.0
"""Seconds that a tiny run may take: starting Ray takes ten, or a minute on a busy machine."""


class Failed(RuntimeError):
    """A tiny run did not come to its end; the message is what it said last."""


def tiny_run(place: Path, address: str | None) -> float:
    """Run one tiny cell as `python -m bench run` would, with its records in a folder below `place`.

    Return the seconds that it took; nothing of it is kept. Raises `Failed`.
    """
    begin = time.monotonic()
    # The package that is running now, wherever it is found from.
    root = str(package_root())
    program = f"import sys; sys.path[:0] = [{root!r}]; from bench.cli.app import main; main()"
    command = [sys.executable, "-c", program, *TINY]
    command += ["--address", address] if address else []
    with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as folder:
        process = subprocess.Popen(
            [*command, "--results", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            said, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate()
            lines = [line for line in said.splitlines() if not line.startswith("error: interrup")]
            last = lines[-1] if lines else "it said nothing"
            raise Failed(f"no end after {LONGEST:.0f} s: {last}") from None
        finally:
            process.kill()
    if process.returncode:
        lines = said.strip().splitlines() or [f"exit code {process.returncode}"]
        raise Failed(lines[-1].removeprefix("error: ").replace(f"{folder}{os.sep}", ""))
    return time.monotonic() - begin


def compilation_problem() -> str | None:
    """Return why updates cannot be compiled here; None if a small function is, and is right."""
    given = torch.linspace(0.0, 1.0, 8)
    recording = trace(lambda x: (2.0 * x).sin(), given)
    try:
        (made,) = compilation.compiled(recording, [given]).flat([given])
    except Exception as error:  # Inductor and the compiler raise many kinds
        return next(iter(str(error).splitlines()), type(error).__name__)[: compilation.SHORT]
    right = torch.allclose(made, (2.0 * given).sin())
    return None if right else "compiled code gives wrong numbers"
