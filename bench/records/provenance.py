"""Provenance of numbers made in this process: commit, libraries, data and processor."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

import bench
from bench.learner.task import Task
from bench.records.record import LABEL_CHARACTERS, Provenance
from bench.scoring.datasets import file_hash
from bench.training import compilation, environments

PACKAGE = "crossover-bench"
Checkout = tuple[str | None, bool | None]


def of(
    spec: str,
    checkout: Checkout,
    task: Task,
    *,
    device: str,
    threads: int,
    compiled: bool,
) -> Provenance:
    """Return the provenance of a record of `task` made here by the code with hash `spec`."""
    commit, dirty = checkout
    return Provenance(
        suite=_version(PACKAGE) or "unknown",
        commit=commit,
        dirty=dirty,
        spec=spec,
        data=task.sources() | {path.name: file_hash(path) for path in task.files()},
        versions=versions(),
        environment=environments.label(task),
        device=_label(device_name(device)),
        cpu=_label(cpu()),
        capability=torch.backends.cpu.get_cpu_capability(),
        threads=threads,
        dtype=str(torch.get_default_dtype()).removeprefix("torch."),
        compiled=compiled,
        compiler=_label(said) if (said := compiler_version()) is not None else None,
    )


def _label(text: str) -> str:
    """What a machine says of itself, as a record can hold it (`Label`)."""
    plain = re.sub(rf" *[^{LABEL_CHARACTERS}]+ *", " ", text)[:200]
    return re.sub(r"^[^A-Za-z0-9]+", "", plain).strip() or "unknown"


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

    (None, None) if the code is not a checkout of this project, as when it is installed from a
    wheel, also if that is inside a checkout of something else; or if git does not tell.
    """
    return _checkout(package_root())[0]


def checkout_problem() -> str | None:
    """Return why records will name no commit, although the code is a checkout; None if they do."""
    return _checkout(package_root())[1]


def package_root() -> Path:
    """Return the folder with `bench` in it: of a checkout, or that of installed packages."""
    return Path(bench.__file__).absolute().parents[1]


def git_environment() -> dict[str, str]:
    """The environment without what a hook or a script has exported for git, as another place."""
    return {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}


def _is_ours(project: Path) -> bool:
    """Return whether a pyproject.toml is this project's."""
    try:
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"] == PACKAGE
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _checkout(root: Path) -> tuple[Checkout, str | None]:
    """Return a checkout's commit and changes, and why they are not known, if they should be."""
    if not (root / ".git").exists() or not _is_ours(root / "pyproject.toml"):
        return (None, None), None
    # Its owner may be somebody else: that is no danger, because this very code is run from there.
    trusted = ["-c", f"safe.directory={root}", "-c", "core.fsmonitor=false"]

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *trusted, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=git_environment(),
        )
        return done.stdout.strip()

    code = ("--", ":(top)bench", ":(top)tasks", ":(top)strategies", ":(top)pyproject.toml")
    try:
        if not git("ls-files", "--", "bench/__init__.py"):
            return (None, None), None  # another project's checkout, in which this one is installed
        return (
            git("rev-parse", "HEAD"),
            bool(git("status", "--porcelain", "--untracked-files=normal", *code)),
        ), None
    except OSError as error:
        return (None, None), f"git cannot be run: {error.strerror}"
    except subprocess.CalledProcessError as error:
        said = next(iter(error.stderr.splitlines()), f"exit code {error.returncode}")
        return (None, None), f"git says: {said}"


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


def compiler_version() -> str | None:
    """Return the first line of what the compiler says of its version, or None if there is none.

    Other compilers round otherwise, and whether there is one decides whether updates are compiled.
    """
    found = compilation.compiler()
    return None if found is None else _compiler_version(found)


@cache
def _compiler_version(found: str) -> str:
    try:
        said = subprocess.run(
            [found, "--version"], capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    # Without the address of its sources, which clang has in brackets behind its version.
    return re.sub(r" \(https?://[^)]*\)", "", next(iter(said.splitlines()), Path(found).name))
