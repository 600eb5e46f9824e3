"""Ends a process that makes no progress."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from types import TracebackType
from typing import IO, Self

EXIT_HUNG = 3
"""As for other cells without an outcome."""


class Watchdog:
    """A context in which `pat` must be called at least every `stall_timeout` seconds.

    Otherwise the stacks of all threads are written to `log`, `message` goes to stderr, and the
    process ends with exit code 3: an exception could not interrupt code that hangs.
    """

    def __init__(self, stall_timeout: float, message: str, log: IO[str]) -> None:
        self._stall_timeout, self._message, self._log = stall_timeout, message, log
        self._last_pat = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def pat(self) -> None:
        """Send a heartbeat; cheap enough to be called often."""
        self._last_pat = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while (left := self._last_pat + self._stall_timeout - time.monotonic()) > 0:
            if self._over.wait(min(left, threading.TIMEOUT_MAX)):
                return
        if self._over.is_set():
            return
        try:  # neither a full disk nor a closed terminal may prevent the exit
            print(f"error: {self._message}", file=sys.stderr, flush=True)
            self._log.write(f"{self._message}\n")
            faulthandler.dump_traceback(self._log)
        finally:
            os._exit(EXIT_HUNG)
