"""The log file of a job, to which all its trials append."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from bench.engine.plan import Job
from bench.records.plain_text import one_line


@contextmanager
def trial_log(job: Job) -> Iterator[tuple[logging.Logger, IO[str]]]:
    """Open the job's log file to append to it; warnings are logged too, and go to stderr."""
    log = logging.Logger("cell", logging.INFO)
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        stream = job.log.open("a", encoding="utf-8", buffering=1)
    except OSError:  # on a node that does not share the folder, or on a full disk
        stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  closed below
    handler = _Quiet(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    shown = warnings.showwarning

    def log_warning(message: Warning | str, *rest: object, **more: object) -> None:
        line = one_line(str(message))
        log.info("warning: %s", line)
        print(f"warning: {job.label}: {line}", file=sys.stderr)

    warnings.showwarning = log_warning
    try:
        yield log, stream
    finally:
        warnings.showwarning = shown
        with suppress(OSError):
            stream.close()


class _Quiet(logging.StreamHandler[IO[str]]):
    """Ignores errors of writing: a full disk must not cost an outcome."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """Do nothing."""
