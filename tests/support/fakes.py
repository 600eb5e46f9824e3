"""Training that costs nothing, for tests of what surrounds it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from bench.cli.app import main
from bench.learner.task import diagnostics
from bench.submissions.ranges import ranges, whole
from bench.training.train import Run


@dataclass
class FakeTraining:
    """Stands in for `bench.training.train.train`; curves depend on cell and seed alone.

    Those at step 0, which is before training, depend on task and seed.
    """

    calls: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    before: Callable[[str], None] = lambda cell: None  # may raise
    pace: float = 0.5  # seconds of a seed

    def __call__(
        self, learner: Any, seeds: Sequence[int], updates: int | None = None, **rest: Any
    ) -> Run:
        parts = {part.name for parts in learner.plan.parts.values() for part in parts}
        cell = "+".join([learner.task.name, *sorted(parts)])
        drawn = cell.replace("+placebo", "")  # whose numbers are its base's
        self.calls.append((learner.task.name, cell, tuple(seeds)))
        self.before(cell)
        task = learner.task
        steps = [task.steps(made) for made in task.eval_updates(updates or task.updates)]
        return Run(
            seeds=tuple(seeds),
            steps=steps,
            curves=[
                [scores(task, drawn if step else task.name, seed, step) for seed in seeds]
                for step in steps
            ],
            first_bad_step=[None] * len(seeds),
            state=None,  # type: ignore[arg-type]
            compiled=False,
            seconds={"update": self.pace * len(seeds)},
            samples=None,
            actor={"0/weight": np.zeros((2, 2))},
        )

    @property
    def cells(self) -> list[str]:
        """Which cells were trained, in order."""
        return [cell for _, cell, _ in self.calls]


def scores(task: Any, drawn: str, seed: int, step: int) -> dict[str, float]:
    """A possible value of each metric, in [0, 1) where that is possible."""
    found, losses = {}, {metric.name for metric in diagnostics(task)}
    for name, (least, most) in ranges(task).items():
        low = least if least > 0 else min(0.0, most - 1.0)
        found[name] = low + min(1.0, most - low) * number(drawn, name, seed, step)
        if name in whole(task):
            found[name] = float(round(most * number(drawn, name, seed, step)))
        if step == 0 and name in losses:  # means since the last evaluation
            found[name] = math.nan
    return found


def number(*parts: Any) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return zlib.crc32(repr(parts).encode()) / 2**32


def bench(*arguments: Any) -> int:
    """`python -m bench ARGUMENTS` in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)
