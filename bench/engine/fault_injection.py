"""Planted faults, for tests of what happens when something goes wrong.

CROSSOVER_FAULTS names a folder with a file `plan.yaml`, a list of faults:

    - {cell: dirac/bare, kind: kill, at: 0.5, times: 1}

`cell` is TASK/CELL, or "any"; `at` is the share of training that is done when it happens; `times`
is how often in all, in whichever processes. Each time leaves a file in the folder. The kinds:

- crash: an exception in training; oom: one that says that memory is exhausted
- hang: training stands still; kill: the process is killed, as by the kernel (SIGKILL)
- full: the record cannot be written, for want of space; torn: it is cut in half once written

A search's settings are cells of their own here, "dirac/bare+r1~2", and the search is their record.
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
    """A crash that was asked for."""


@dataclass(frozen=True)
class Fault:
    """One line of the plan."""

    number: int  # its place in the plan
    cell: str
    kind: Kind
    at: float = 0.0
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"{VARIABLE}: no such fault: {self.kind}; {', '.join(get_args(Kind))}")


class Faults:
    """The faults planned for one cell, from the folder that the environment names, if any."""

    def __init__(self, cell: str) -> None:
        self._folder = Path(os.environ.get(VARIABLE, ""))
        text = (self._folder / "plan.yaml").read_text() if VARIABLE in os.environ else "[]"
        plan = [Fault(number, **line) for number, line in enumerate(yaml.safe_load(text) or ())]
        self._plan = [fault for fault in plan if fault.cell in {cell, "any"}]

    def __bool__(self) -> bool:
        return bool(self._plan)

    def training(self, share: float) -> None:
        """Called when a share of training is done; what is due by then happens."""
        for fault in self._plan:
            if fault.at <= share and fault.kind in _IN_TRAINING and self._due(fault):
                _IN_TRAINING[fault.kind]()

    def writing(self) -> None:
        """Called before a record is written. Raises OSError if the disk is to be full."""
        if any(fault.kind == "full" and self._due(fault) for fault in self._plan):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def written(self, record: Path) -> None:
        """Called when a record has been written."""
        if any(fault.kind == "torn" and self._due(fault) for fault in self._plan):
            os.truncate(record, record.stat().st_size // 2)

    def _due(self, fault: Fault) -> bool:
        """Whether it has not happened often enough; counted by files, which all processes see."""
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
