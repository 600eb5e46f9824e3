"""Ends a process in which nothing moves any more."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from types import TracebackType
from typing import IO, Self

EXIT_HUNG = 3
"""Like other cells without an outcome."""


class Watchdog:
    """Within it, `pat` must be called at least every `patience` seconds.

    Otherwise the stacks of all threads are written to `log`, `message` goes to stderr, and the
    process ends with exit code 3. An exception could not reach code that stands still.
    """

    def __init__(self, patience: float, message: str, log: IO[str]) -> None:
        self._patience, self._message, self._log = patience, message, log
        self._heard = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def pat(self) -> None:
        """A sign of life. Costs next to nothing."""
        self._heard = time.monotonic()

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
        while (left := self._heard + self._patience - time.monotonic()) > 0:
            if self._over.wait(min(left, threading.TIMEOUT_MAX)):
                return
        if self._over.is_set():
            return
        try:  # neither a full disk nor a closed terminal may keep it
            print(f"error: {self._message}", file=sys.stderr, flush=True)
            self._log.write(f"{self._message}\n")
            faulthandler.dump_traceback(self._log)
        finally:
            os._exit(EXIT_HUNG)
