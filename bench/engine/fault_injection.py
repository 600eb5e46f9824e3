"""Injects planned faults into runs, to test how failures are handled.

CROSSOVER_FAULTS names a folder with a file `plan.yaml`, a list of faults:

    - {cell: dirac/bare, kind: kill, at: 0.5, times: 1}

`cell` is TASK/CELL, or "any"; `at` is the share of training that is done when it happens; `times`
is how often it happens, over all processes. Each time leaves a file in the folder. The kinds:

- crash: an exception in training; oom: an out-of-memory error
- hang: training stops without an error; kill: the process is killed by SIGKILL, as by the kernel
- full: the record cannot be written, as on a full disk; torn: it is truncated after writing

The candidates of a search are cells of their own here, such as "dirac/bare+r1~2" for number 2, and
the search file is their record.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import yaml

VARIABLE = "CROSSOVER_FAULTS"
Kind = Literal["crash", "oom", "hang", "kill", "full", "torn"]


class Planted(RuntimeError):
    """An injected crash."""


@dataclass(frozen=True)
class Fault:
    """One line of the plan."""

    number: int  # its index in the plan
    cell: str
    kind: Kind
    at: float = 0.0
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"{VARIABLE}: no such fault: {self.kind}; {', '.join(get_args(Kind))}")


class Faults:
    """The faults planned for one cell, from the folder in CROSSOVER_FAULTS, if it is set."""

    def __init__(self, cell: str) -> None:
        self._folder = Path(os.environ.get(VARIABLE, ""))
        text = (self._folder / "plan.yaml").read_text() if VARIABLE in os.environ else "[]"
        plan = [Fault(number, **line) for number, line in enumerate(yaml.safe_load(text) or ())]
        self._plan = [fault for fault in plan if fault.cell in {cell, "any"}]

    def __bool__(self) -> bool:
        return bool(self._plan)

    def training(self, share: float) -> None:
        """Trigger the faults that are due when a share of training is done."""
        for fault in self._plan:
            if fault.at <= share and fault.kind in _IN_TRAINING and self._due(fault):
                _IN_TRAINING[fault.kind]()

    def writing(self) -> None:
        """Raise OSError if a full disk is due; called before a record is written."""
        if any(fault.kind == "full" and self._due(fault) for fault in self._plan):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def written(self, record: Path) -> None:
        """Truncate the record if that is due; called after it has been written."""
        if any(fault.kind == "torn" and self._due(fault) for fault in self._plan):
            os.truncate(record, record.stat().st_size // 2)

    def _due(self, fault: Fault) -> bool:
        """Return whether it should happen once more, and count it, by files for all processes."""
        for time in range(fault.times):
            try:
                (self._folder / f"{fault.number}-{fault.kind}-{time}").touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False


def _crash() -> None:
    raise Planted("a planted crash")


def _oom() -> None:
    raise MemoryError("a planted want of memory")


def _hang() -> None:
    threading.Event().wait()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_IN_TRAINING = {"crash": _crash, "oom": _oom, "hang": _hang, "kill": _kill}
