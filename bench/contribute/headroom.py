"""Headroom and plateau of tasks: whether anything can win or lose there, and where budgets end.

A task on which the reference base is already as good as can be, or as bad as the untrained actor,
tells strategies from nothing. So each counted task is tried, on seeds that no result uses, with the
reference base and about a dozen varied strategies on top of it. The outcomes are kept beside the
tasks; tests ask of every counted task that

- the reference base ends between 0.25 and 0.9 of the anchors, by its final score or by its area,
- of the strategies at least one wins against it with a probability of 0.75, one loses with 0.25,
- its median moves less over the last fifth of the budget than seeds differ, or the task says that
  it measures speed.

`python -m bench.contribute.headroom CELL...` tries cells, such as ring8/reference+ttur, and writes
what they gave; the candidates for the reference base were tried in the same way.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import bench.tasks
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import TIE, area, moved
from bench.training.train import train

FILE = Path(bench.tasks.__file__).parent / "assets" / "headroom.jsonl"
SEEDS = tuple(range(1000, 1005))

Numbers = tuple[float | None, ...]
"""One for each seed; None: the run failed."""


class Outcome(NamedTuple):
    """What one cell gave on the selection seeds."""

    cell: str  # TASK/CELL
    seeds: tuple[int, ...]
    final: Numbers  # [seed] normalised
    area: Numbers  # [seed]
    curve: Numbers  # [evaluation] median over seeds of the normalised score
    settings: dict[str, dict[str, Any]] = {}  # noqa: RUF012  other than the published ones
    seconds: float = 0.0
    device: str = "cpu"
    torch: str = ""


def tried(
    text: str,
    settings: dict[str, Any] | None = None,
    *,
    seeds: Sequence[int] = SEEDS,
    device: str = "cpu",
) -> Outcome:
    """Train a cell, TASK/CELL, with these settings on the selection seeds."""
    cell = Cell.parse(text)
    task = registry.task(cell.task)
    torch.set_num_threads(1)
    varied = cell.varied("tuned", settings) if settings else cell
    run = train(varied.learner(), seeds, device=device)
    name = task.metrics[0].name
    scores = np.array([[task.anchors.normalised(s[name]) for s in each] for each in run.curves])
    return Outcome(
        cell=text,
        seeds=tuple(seeds),
        final=_rounded(scores[-task.window :].mean(axis=0)),
        area=_rounded([area(one) for one in scores.T.tolist()]),
        curve=_rounded(np.median(scores, axis=1)),
        settings=settings or {},
        seconds=round(sum(run.seconds.values()), 1),
        device=device,
        torch=torch.__version__.partition("+")[0],
    )


def _rounded(values: Iterable[float]) -> Numbers:
    return tuple(round(float(v), 4) if math.isfinite(v) else None for v in values)


def improvement(treated: Outcome, base: Outcome, endpoint: str) -> float:
    """P(treated better than base) by "final" or "area" over pairs of runs with other seeds."""
    won = []
    arms = (zip(arm.seeds, getattr(arm, endpoint), strict=True) for arm in (treated, base))
    for (seed, new), (other, old) in product(*arms):
        if seed != other:
            gain = (-math.inf if new is None else new) - (-math.inf if old is None else old)
            # As in reports: a difference of exactly 0.01 is no tie, whatever its rounding.
            tie = math.isnan(gain) or abs(gain) < TIE - 1e-9
            won.append(0.5 if tie else float(gain > 0))
    return float(np.mean(won))


class Headroom(NamedTuple):
    """Of one task: where the reference base ends, what wins and loses against it, the plateau."""

    final: float  # the reference's median
    area: float
    wins: tuple[str, float, str]  # strategy, probability, endpoint
    loses: tuple[str, float, str]
    moved: float  # by how much the reference's median moves over the last fifth of the budget
    spread: float  # the standard deviation of its final scores over seeds
    tried: int  # how many strategies were tried on top of it

    @property
    def room(self) -> bool:
        """Whether the reference base is neither as good nor as bad as can be."""
        return any(0.25 <= value <= 0.9 for value in (self.final, self.area))

    @property
    def sides(self) -> bool:
        """Whether something wins and something loses."""
        return self.wins[1] >= 0.75 and self.loses[1] <= 0.25

    @property
    def plateau(self) -> bool:
        """Whether the budget ends on the reference's plateau; a move that is a tie is none."""
        return self.moved <= max(self.spread, TIE)


def headroom(task: str) -> Headroom:
    """What the kept outcomes say of a task, each against the base on the same kind of device.

    Raises StopIteration or KeyError if the base was not tried, or not on a device that was used.
    """
    own = [one for one in kept() if one.cell.startswith(f"{task}/reference")]
    bases = {one.device: one for one in own if one.cell == f"{task}/reference"}
    base = next(iter(bases.values()))
    added = f"{task}/reference+"
    others = {
        one.cell.removeprefix(added) + _varied(one): one
        for one in own
        if one.cell.startswith(added)
    }
    against = [
        (strategy, improvement(one, bases[one.device], endpoint), endpoint)
        for strategy, one in sorted(others.items())
        for endpoint in ("final", "area")
    ]
    failed = [-math.inf if value is None else value for value in base.final]
    curve = [math.nan if value is None else value for value in base.curve]
    return Headroom(
        final=float(np.median(failed)),
        area=float(np.median([-math.inf if value is None else value for value in base.area])),
        wins=max(against, key=lambda one: one[1]),
        loses=min(against, key=lambda one: one[1]),
        moved=moved(curve),
        spread=float(np.std(failed, ddof=1)),
        tried=len(others),
    )


def _varied(one: Outcome) -> str:
    """The settings that are other than the published ones: ", rate 0.01"; else nothing."""
    given = (f", {key} {value}" for own in one.settings.values() for key, value in own.items())
    return "".join(given)


@cache
def kept() -> tuple[Outcome, ...]:
    """All outcomes that were written; of the same cell, settings and device the last."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    found = [Outcome(**json.loads(line)) for line in lines]
    return tuple({(one.cell, json.dumps(one.settings), one.device): one for one in found}.values())


def main(arguments: Sequence[str]) -> None:
    """Try cells; each is written when it is done, as a line of JSON."""
    for text in arguments:
        cell, _, settings = text.partition(" ")
        made = tried(cell, json.loads(settings or "{}"))
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made._asdict()) + "\n")
        print(f"{text}: final {made.final}, area {made.area}, {made.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
