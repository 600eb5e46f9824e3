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

from bench.cli.errors import EXIT_INTERRUPTED

CLEAN_END = 5.0
"""Seconds that the child has for cleaning up after Ctrl-C, before it ends as it is. A library whose
daemons were killed by the same signal may wait for them for ever."""

GRACE = 5.0
"""Seconds after that in which the parent waits for the child's end, before killing it."""

_last_words: list[Callable[[], None]] = []


def run_in_child(function: Callable[..., None], *arguments: Any) -> int:
    """Call a function in a child process; return its exit code, negative if a signal ended it.

    Ctrl-C and SIGTERM raise KeyboardInterrupt in the child, once. The child ends with this process.
    It is a session of its own, so that a signal to this process's group reaches this process alone.
    Raises KeyboardInterrupt if the child had to be killed after Ctrl-C.
    """
    # Fork where it is safe: it is much faster, because nothing is imported again.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    process = context.Process(target=_child, args=(function, arguments))
    process.start()
    try:
        process.join()
    except KeyboardInterrupt:
        _disregard_signals()
        os.kill(process.pid, signal.SIGINT)
        process.join(CLEAN_END + GRACE)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise
    return int(process.exitcode)


def before_the_end(say: Callable[[], None]) -> None:
    """Have `say` called in a child that does not end by itself after a signal."""
    _last_words.append(say)


def _child(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, interrupt_once)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function(*arguments)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def interrupt_once(number: int, frame: FrameType | None) -> None:
    """Signal handler: raise KeyboardInterrupt, and ignore later signals during clean-up."""
    _disregard_signals()
    end = threading.Timer(CLEAN_END, _end_now)
    end.daemon = True
    end.start()
    raise KeyboardInterrupt


def _disregard_signals() -> None:
    """Handle later signals by doing nothing: one that is on its way may not find SIG_IGN."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: None)


def _end_now() -> None:
    try:
        for say in _last_words:
            say()
        sys.stdout.flush()
    finally:
        os._exit(EXIT_INTERRUPTED)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(CLEAN_END + GRACE)
    os._exit(1)
