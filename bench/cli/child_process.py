"""Runs a function in a child process, so that its death can be reported in a line.

A library that loses its daemon, such as Ray, may end its process without a Python exception.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType
from typing import Any

import typer

CLEAN_END = 8.0
"""Seconds that the child has to end after Ctrl-C, before it is killed."""


def run_in_child(function: Callable[..., None], *arguments: Any) -> int:
    """Call a function in a child process; return its exit code, negative if a signal ended it.

    Ctrl-C and SIGTERM raise KeyboardInterrupt in the child, once. The child ends with this process.
    Raises KeyboardInterrupt if the child had to be killed after Ctrl-C.
    """
    # Fork where it is safe: it is much faster, because nothing is imported again.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    process = context.Process(target=_child, args=(function, arguments))
    process.start()
    try:
        process.join()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.kill(process.pid, signal.SIGINT)
        process.join(CLEAN_END)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise
    return int(process.exitcode)


def _child(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, interrupt_once)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function(*arguments)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def interrupt_once(number: int, frame: FrameType | None) -> None:
    """Signal handler: raise KeyboardInterrupt, and ignore later signals during clean-up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(CLEAN_END)
    os._exit(1)
