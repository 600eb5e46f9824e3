"""Whether strategies do here what their papers claim: home evidence, from records.

Each strategy names a cell and the same cell without it (`bench.experiment.at_home`). It is shown at
home where the probability of improvement is above one half over its whole 95 % interval, with as
many seeds as a claim needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bench.experiment import at_home, registry
from bench.experiment.at_home import AtHome
from bench.experiment.cell import Cell
from bench.records.record import Record
from bench.report import stats
from bench.report.cells import CellResult
from bench.report.verdicts import CLAIM_SEEDS

SHOWN, NOT_RUN, FEW = "shown at home", "not run", f"fewer than {CLAIM_SEEDS} seeds"


class Evidence(NamedTuple):
    """What the records say of one strategy's claim; without records `value` is None."""

    strategy: str
    declared: AtHome
    value: float | None = None  # the probability of improvement
    low: float = 0.0
    high: float = 1.0
    seeds: int = 0

    @property
    def verdict(self) -> str:
        """In words."""
        if self.value is None:
            return NOT_RUN
        if self.seeds < CLAIM_SEEDS:
            return FEW
        if self.low > 0.5:
            return SHOWN
        return "the opposite is shown" if self.high < 0.5 else "not shown here"


def notes(found: Mapping[str, Evidence]) -> dict[str, str]:
    """What stands beside a strategy's verdict, by its name; nothing where too little was run."""
    words = {
        "not shown here": "not shown at home here",
        "the opposite is shown": "hurts at home here",
    }
    return {
        name: words.get(one.verdict, one.verdict)
        for name, one in found.items()
        if one.verdict not in (NOT_RUN, FEW)
    }


def evidence(records: Iterable[Record]) -> dict[str, Evidence]:
    """Return what there is for every strategy that declares something, by its name."""
    known = {f"{record.task}/{record.cell}": record for record in records}
    boot = stats.Bootstrap()
    found = {}
    for name in registry.strategies():
        declared = at_home.at_home(name)
        if declared is not None:
            found[name] = _compared(name, declared, known, boot)
    return found


def also_tried(records: Iterable[Record]) -> list[Evidence]:
    """What the records say of pairs of cells that differ in a strategy and are not its own.

    They were the first choice, or are part of another pair; by the final score.
    """
    known = {(record.task, frozenset(_names(record))): record for record in records}
    plain = {f"{record.task}/{record.cell}": record for record in known.values()}
    boot = stats.Bootstrap()
    found = []
    for (task, names), record in sorted(known.items(), key=lambda item: str(item[1].cell)):
        for name in sorted(names):
            declared = at_home.at_home(name)
            base = known.get((task, names - {name}))
            cell = f"{task}/{record.cell}"
            if declared is None or base is None or cell == declared.cell:
                continue
            pair = AtHome(declared.claim, cell, f"{task}/{base.cell}")
            found.append(_compared(name, pair, plain, boot))
    return sorted(found, key=lambda one: (one.strategy, one.declared.cell))


def _names(record: Record) -> tuple[str, ...]:
    return Cell.parse(f"{record.task}/{record.cell}").strategies


def _compared(
    name: str, declared: AtHome, known: Mapping[str, Record], boot: stats.Bootstrap
) -> Evidence:
    arms = [
        arm(known[text], declared.by) if text in known else None
        for text in (declared.cell, declared.against)
    ]
    if arms[0] is None or arms[1] is None:
        return Evidence(name, declared)
    found = stats.compare(Cell.parse(declared.cell).task, arms[0], arms[1], boot)
    return Evidence(name, declared, found.value, *found.limits, found.runs)


def arm(record: Record, by: str) -> stats.Arm | None:
    """A record's runs by an endpoint, or by a metric of its task: its mean over the window.

    None if the task has no such metric, which `run --grid home` refuses.
    """
    arms = {str(endpoint): one for endpoint, one in CellResult.of(record).arms.items()}
    if by in arms:
        return arms[by]
    better = at_home.directions(record.task).get(by)
    if better is None:
        return None
    values = []
    for seed in record.seeds:
        last = [p.metrics.get(by) for p in seed.curve[-record.score_info.window :]]
        known = [value for value in last if value is not None]
        whole = seed.status == "ok" and len(known) == len(last)
        values.append(sum(known) / len(known) if whole else None)
    return stats.Arm(tuple(s.seed for s in record.seeds), stats.utilities(values, better))
