"""Checks this machine before a run, with a fix for each problem."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bench.engine import machine, rehearsal
from bench.engine.cluster import Unusable, reach
from bench.records.provenance import PACKAGE, checkout, checkout_problem, cpu
from bench.scoring import datasets
from bench.training.compilation import compiler

State = Literal["ok", "note", "problem"]

ROOM = 2e9
"""Bytes that should be free: records are small, but Ray and the compiler need space too."""


@dataclass(frozen=True)
class Finding:
    """The result of one check. Runs work in spite of a note, but not of a problem."""

    what: str
    state: State
    text: str
    fix: str = ""


def examine(results: Path, address: str | None) -> Iterator[Finding]:
    """Yield findings on everything that a run needs, in the order in which it is needed.

    At last a tiny cell is run, unless there are problems.
    """
    problems = 0
    for finding in _parts(results, address):
        problems += finding.state == "problem"
        yield finding
    yield _tiny_run(results, address, problems)


def _parts(results: Path, address: str | None) -> Iterator[Finding]:
    yield _python()
    yield _commit()
    yield from _packages()
    yield _torchvision()
    yield _cpus()
    yield _gpus()
    yield from _compiler()
    yield _environments()
    yield from _plugins()
    yield from _data()
    yield _writable("results", results, "give another folder: --results FOLDER")
    yield _writable("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    yield from _ray(address)


def _python() -> Finding:
    needed = metadata(PACKAGE)["Requires-Python"]
    fits = SpecifierSet(needed).contains(platform.python_version())
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    fix = f"use a Python {needed}: PYTHON=python3.13 scripts/run.sh"
    return Finding("python", "ok", text) if fits else Finding("python", "problem", text, fix)


def _commit() -> Finding:
    """Check that records can name the commit of the code."""
    problem, (commit, dirty) = checkout_problem(), checkout()
    if problem is not None:
        return Finding("commit", "note", problem, "mend it before you submit results")
    if commit is None:
        text = "none: this is no checkout of the project"
        return Finding("commit", "note", text, "clone the project to submit results")
    changed = " and changes" * bool(dirty)
    return Finding("commit", "ok", f"{commit[:12]}{changed}")


def _packages() -> Iterator[Finding]:
    wanted = [Requirement(line) for line in requires(PACKAGE) or []]
    good = []
    for need in wanted:
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(need.name)
        except PackageNotFoundError:
            found = "not installed"
        if found != "not installed" and need.specifier.contains(found, prereleases=True):
            good.append(f"{need.name} {found}")
        else:
            fix = f"pip install '{need.name}{need.specifier}'"
            yield Finding("package", "problem", f"{need.name}: {found}", fix)
    yield Finding("packages", "ok", ", ".join(good))


def _torchvision() -> Finding:
    """Check torchvision: wheels of it and of torch from different places are incompatible."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError) as error:
        fix = "install both from one place: pip install --force-reinstall torch torchvision"
        return Finding("torchvision", "problem", f"does not fit torch: {error}", fix)
    return Finding("torchvision", "ok", "fits torch")


def _cpus() -> Finding:
    return Finding("processor", "ok", f"{machine.allowed_cpus()} cores of {cpu()}")


def _gpus() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return Finding("gpu", "ok", f"{', '.join(names)}; --gpus-per-cell 0.25 puts four on each")
    if shutil.which("nvidia-smi"):
        text = f"the machine has one, but torch {torch.__version__} cannot use it"
        fix = "install torch for this machine's CUDA, or update the driver: pytorch.org"
        return Finding("gpu", "problem", text, fix)
    return Finding("gpu", "note", "none; cells run on the processor")


def compiler_problem() -> str | None:
    """Return why updates cannot be compiled here; None if a small test program compiles."""
    found = compiler()
    if found is None:
        return "no C++ compiler was found (g++, or $CXX)"
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "a.cpp"), Path(folder, "a.o")
        source.write_text("#include <cmath>\nint main() { return 0; }\n")
        command = [found, "-c", str(source), "-o", str(made)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the C++ compiler {found} cannot be run ({error})"
        if made.exists():
            return None
        first = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}, no output")
        return f"the C++ compiler {found} does not work ({first})"


def _tiny_run(results: Path, address: str | None, problems: int) -> Finding:
    what, fix = "a tiny run", "mend what it says, and try again"
    if problems:
        return Finding(what, "note", "not tried, because of what is above", fix)
    try:
        seconds = rehearsal.tiny_run(_existing(results), address)
    except rehearsal.Failed as failed:
        return Finding(what, "problem", str(failed), fix)
    return Finding(what, "ok", f"went well, in {seconds:.0f} s")


def _compiler() -> Iterator[Finding]:
    problem = compiler_problem() or rehearsal.compilation_problem()
    if problem is None:
        yield Finding("compiler", "ok", str(compiler()))
    else:
        fix = "install g++ (apt install g++), or set CXX to one that works"
        yield Finding("compiler", "note", f"{problem}: updates run up to three times slower", fix)
    problem = machine.cache_problem()
    if problem is not None:
        yield Finding("compiler", "problem", problem, "name another folder, or unset it")


def _environments() -> Finding:
    try:
        return Finding("envpool", "ok", version("envpool"))
    except PackageNotFoundError:
        text = "not installed: tasks whose environments it steps are skipped"
        return Finding("envpool", "note", text, "pip install envpool")


def _plugins() -> Iterator[Finding]:
    """Check what other installed packages offer, which runs go without if it cannot be used."""
    from bench.experiment import plugins, registry

    known = {"strategies": registry.strategies, "tasks": registry.tasks}
    for kind, load in known.items():
        load()
        for offer in plugins.offers(kind):
            why = plugins.left_out.get((kind, offer.name))
            if why is None:
                yield Finding("plug-in", "ok", f"{offer.name} ({offer.value})")
            else:
                fix = "mend or uninstall its package"
                yield Finding("plug-in", "note", f"{offer.name} is left out: {why}", fix)


def _data() -> Iterator[Finding]:
    for source in datasets.SOURCES.values():
        text = f"{source.name} in {datasets.root()}"
        if source.problems():
            text = f"{text}: {source.state()}, so its tasks are skipped"
            yield Finding("data", "note", text, f"python -m bench fetch {source.name}")
        else:
            yield Finding("data", "ok", text)


def _writable(what: str, folder: Path, otherwise: str) -> Finding:
    """Check that files can be written in a folder, or where it would be made, and free space."""
    place = _existing(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(what, "problem", f"cannot write to {folder}: {error.strerror}", otherwise)
    text = f"{folder}: {free / 1e9:.0f} GB free"
    if free < ROOM:
        return Finding(what, "problem", text, f"make room, or {otherwise}")
    return Finding(what, "ok", text)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def _ray(address: str | None) -> Iterator[Finding]:
    asked = os.environ.get("RAY_AUTH_MODE", "")
    if address is None:
        yield Finding("ray", "ok", "a cluster on this machine alone, for each run")
        if asked.lower() == "disabled":
            fix = "unset RAY_AUTH_MODE: others on this machine could run code as you"
            yield Finding("ray's token", "note", "switched off by RAY_AUTH_MODE", fix)
        else:
            text = "a new one for each run, which only its processes know"
            yield Finding("ray's token", "ok", text)
        return
    try:
        reach(address)
    except Unusable as error:
        yield Finding("ray", "problem", *_split(str(error)))
    else:
        yield Finding("ray", "ok", f"the cluster at {address} answers")
        if asked.lower() != "token":
            fix = "start its nodes with RAY_AUTH_MODE=token and one RAY_AUTH_TOKEN"
            text = "none asked for: who reaches its port can run code there"
            yield Finding("ray's token", "note", text, fix)
        elif "RAY_AUTH_TOKEN" not in os.environ:
            yield _token_file()


def _token_file() -> Finding:
    """Check that the file with the cluster's token is there and private: Ray makes it for all."""
    given = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(given) if given else Path.home() / ".ray" / "auth_token"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        fix = "copy it from the cluster's head, or set RAY_AUTH_TOKEN"
        return Finding("ray's token", "problem", f"{path}: {error.strerror}", fix)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        text = f"{path} can be read by others, who could run code on the cluster"
        return Finding("ray's token", "problem", text, f"chmod 600 {path}")
    return Finding("ray's token", "ok", f"{path}; only you can read it")


def _split(message: str) -> tuple[str, str]:
    """Split a message into what is wrong and what to do."""
    for mark in (": ", "; "):
        if mark in message:
            what, _, todo = message.partition(mark)
            return what, todo
    return message, ""
