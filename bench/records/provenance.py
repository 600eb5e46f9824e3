"""Provenance of numbers made in this process: commit, libraries, data and processor."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from bench.learner.task import Task
from bench.records.record import Provenance
from bench.scoring.datasets import file_hash
from bench.training import environments
from bench.training.environments import Backend

Checkout = tuple[str | None, bool | None]


def of(
    spec: str,
    checkout: Checkout,
    task: Task,
    backend: Backend,
    *,
    device: str,
    threads: int,
    compiled: bool,
) -> Provenance:
    """Return the provenance of a record of `task` made here by the code with hash `spec`."""
    commit, dirty = checkout
    return Provenance(
        suite=_version("crossover-bench") or "unknown",
        commit=commit,
        dirty=dirty,
        spec=spec,
        data=task.sources() | {path.name: file_hash(path) for path in task.files()},
        versions=versions(),
        environment=environments.label(task, backend),
        device=device_name(device),
        cpu=cpu(),
        threads=threads,
        dtype=str(torch.get_default_dtype()).removeprefix("torch."),
        compiled=compiled,
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed libraries that numbers depend on."""
    packages = """
        torch torchvision numpy scipy gymnasium mujoco envpool ray torch-fidelity scikit-learn
    """.split()
    found = {name: number for name in packages if (number := _version(name))}
    return {"python": platform.python_version(), **found}


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def checkout() -> Checkout:
    """Return the commit of this checkout and whether its code was changed since.

    (None, None) outside a git checkout.
    """
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        code = ("--", ":(top)bench", ":(top)tasks", ":(top)strategies", ":(top)pyproject.toml")
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", *code))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def device_name(device: str) -> str:
    """Return torch's name of a device, with the GPU's model if there is one here."""
    if device == "cpu" or not torch.cuda.is_available():
        return device
    return f"{device}: {torch.cuda.get_device_name()}"


@cache
def cpu() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
