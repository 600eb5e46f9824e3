"""Standard streams that may be closed, full, or without a reader."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, TextIO, cast


class Output:
    """A text stream whose first error of writing is kept in `error`; later text is dropped.

    So a reader that leaves (`python -m bench run | head`) ends no run.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.error = stream, cast(OSError | None, None)

    def write(self, text: str) -> int:
        """Write the text, or drop it."""
        if self.error is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush what was written."""
        if self.error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.error = error
        # What is still in the buffer goes nowhere, also when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard() -> None:
    """Make standard streams safe to write to: closed ones go nowhere, errors end nothing."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed; otherwise the next file that is opened would be this stream
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name) or open(number, "w", encoding="utf-8")  # noqa: SIM115
        setattr(sys, name, Output(stream))


def problem() -> str | None:
    """Return why standard output lacks something; None if all is written, or its reader left."""
    sys.stdout.flush()
    error = getattr(sys.stdout, "error", None)
    if error is None or error.errno == errno.EPIPE:
        return None
    return f"standard output cannot be written: {error.strerror}"
