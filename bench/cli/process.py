"""What is set for the whole process, before any library reads it from the environment."""

from __future__ import annotations

import atexit
import getpass
import logging
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from bench.cli.errors import WarningLines, fail
from bench.engine import machine


def keep_docstrings() -> None:
    """Start this process anew if Python was told to drop docstrings (-OO, PYTHONOPTIMIZE=2).

    They are data: the descriptions of strategies, and help. Ray cannot be imported without them.
    """
    own = len(sys.orig_argv) - len(sys.argv) + 1  # of the interpreter; the rest is the user's
    flags = [_without_optimising(part) for part in sys.orig_argv[1:own]]
    command = [sys.orig_argv[0], *filter(None, flags), *sys.orig_argv[own:]]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
    if sys.flags.optimize and (command != sys.orig_argv or "PYTHONOPTIMIZE" in os.environ):
        os.execve(sys.executable, command, environment)


def _without_optimising(flags: str) -> str:
    """Return letters of options, such as "-BOO", without O; "" if nothing is left."""
    if re.fullmatch("-[bBdEhiIOPqsSuvVx]+", flags):
        return "" if set(flags) == set("-O") else flags.replace("O", "")
    return flags


def prepare() -> None:
    """Make the environment one in which every library works. Exits if that cannot be done.

    What these variables say is no wish of the user's, but left over by a notebook or a container.
    """
    log = logging.getLogger("bench")
    log.handlers, log.propagate = [WarningLines()], False
    os.environ["MPLBACKEND"] = "agg"  # figures are written to files, whatever a notebook has set
    _need_a_working_directory()
    _provide_home()
    machine.set_cache_aside()


def _need_a_working_directory() -> None:
    try:
        here = Path.cwd()
    except OSError:
        fail("the working directory does not exist any more; change to one that does")
    if not decodable(here):
        fail("the working directory's path is no valid text; change to another directory")


def decodable(path: Path) -> bool:
    """Return whether a path is text: Unix allows any bytes, and records, logs and pages do not."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _provide_home() -> None:
    """Set HOME and LOGNAME where there are none, as in a container with a user of no name."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = f"uid{os.getuid()}"
    try:
        Path.home()
    except RuntimeError:
        home, owner = tempfile.mkdtemp(prefix="crossover-home-"), os.getpid()
        os.environ["HOME"] = home
        # Only in this process: those that it forks end earlier.
        atexit.register(
            lambda: shutil.rmtree(home, ignore_errors=True) if os.getpid() == owner else None
        )
