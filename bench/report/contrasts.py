"""Contrasts: the effect of every strategy on every task, one row each, for pages and exports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.experiment import registry
from bench.report import stats, verdicts
from bench.report.cells import DOMAIN_NAMES, EXTENSION, CellResult, Key, TaskView
from bench.report.extensions import Game
from bench.report.findings import Study
from bench.report.tables import command, effect_matrix
from bench.submissions.trust import Level


@dataclass(frozen=True)
class Effects:
    """The effect of one contrast by one endpoint, with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, found: stats.Comparison | None) -> Effects | None:
        """From a comparison; None without one."""
        return None if found is None else cls(found.value, *found.limits)


@dataclass(frozen=True)
class Contrast:
    """A cell with a strategy, against the same base in the same order of play."""

    view: TaskView
    key: Key
    cell: CellResult
    ground: CellResult | None  # None: nothing to compare with
    submission: str
    final: Effects | None
    area: Effects | None
    p: float  # adjusted by Benjamini and Hochberg over its map or table; NaN without an effect

    @property
    def strategy(self) -> str:
        """The strategies without players and settings: whose page the row belongs to."""
        return plain_name(self.cell.record.strategy or "")

    @property
    def kind(self) -> str:
        """Added, removed, or in place of others."""
        return self.cell.record.contrast

    @property
    def inert(self) -> str:
        """Why the strategy can change nothing; "" if it can."""
        return self.view.inert.get(self.key, "")

    @property
    def evidence(self) -> str:
        """How strong the evidence of so many seeds is; "" for none."""
        if self.final is None or self.ground is None:
            return ""
        counts = [len(cell.record.seeds) for cell in (self.cell, self.ground)]
        return verdicts.evidence(min(counts), counts[1])

    @property
    def trust(self) -> Level:
        """How far the cell and what it is compared with are trusted."""
        used = [self.cell.record, *([self.ground.record] if self.ground else [])]
        return self.view.grounds.trust(self.submission, *used)

    @property
    def state(self) -> str:
        """Better, worse, unclear, inert, or not compared: by the interval and the adjusted p."""
        if self.inert:
            return "inert"
        if self.final is None:
            return "not compared"
        if self.p <= 1.0 - stats.LEVEL and self.final.low > 0.5:
            return "better"
        return "worse" if self.p <= 1.0 - stats.LEVEL and self.final.high < 0.5 else "unclear"


def plain_name(strategy: str) -> str:
    """Names without the players that they are restricted to: "r1@reward+r2" is "r1+r2"."""
    return "+".join(part.partition("@")[0] for part in strategy.split("+"))


def failure_mode(task: str) -> str:
    """What failure of the bare learner a task is there for; "" for none."""
    known = registry.tasks().get(task)
    return known.failure.kind if known is not None and known.failure is not None else ""


def contrasts(study: Study, games: Sequence[Game]) -> list[Contrast]:
    """Every cell with a strategy, in the order of the tasks."""
    p = _adjusted(study, games)
    return [
        Contrast(
            view,
            key,
            cell,
            view.ground(cell),
            submission(view, cell),
            Effects.of(view.effects["final"].get(key)),
            Effects.of(view.effects["area"].get(key)),
            p.get((view.name, key), math.nan),
        )
        for view in study.tasks
        for key, cell in view.cells.items()
        if cell.record.strategy is not None
    ]


def submission(view: TaskView, cell: CellResult) -> str:
    """Whose a cell is; "" if all records are of one submission."""
    return view.grounds.owners[cell.record.task, cell.record.cell]


def _adjusted(study: Study, games: Sequence[Game]) -> dict[tuple[str, Key], float]:
    """The adjusted p of every effect, as in the map or table that it belongs to."""
    found = {}
    for base in study.bases:
        rows, matrix = study.rows(base), effect_matrix(study, base)[1]
        views = [view for view in study.tasks if view.domain != EXTENSION]
        for view in views:
            if view.name in matrix.columns:
                for label, p in matrix[view.name].items():
                    if not math.isnan(p):
                        found[view.name, view.key(base, rows[str(label)])] = float(p)
    for game in games:
        for table in game.tables:
            for entries in table.rows.values():
                for entry in entries.values():
                    found.setdefault((game.view.name, entry.key), entry.p_adjusted)
    return found


def contrast_table(found: Sequence[Contrast]) -> pd.DataFrame:
    """One row per contrast."""
    return pd.DataFrame([_row(one) for one in found], columns=COLUMNS)


COLUMNS = [
    *("task", "domain", "failure_mode", "base", "cell", "strategy", "contrast", "instead_of"),
    *("play", "settings", "submission", "trust", "evidence", "seeds", "base_seeds", "state"),
    *("effect", "low", "high", "p_adjusted", "area_effect", "area_low", "area_high"),
    *("failures", "base_failures", "inert", "spec", "command"),
]


def _row(one: Contrast) -> dict[str, object]:
    record, ground = one.cell.record, one.ground
    final, area = one.final or NOTHING, one.area or NOTHING
    return {
        "task": record.task,
        "domain": DOMAIN_NAMES[record.domain],
        "failure_mode": failure_mode(record.task),
        "base": record.base,
        "cell": record.cell,
        "strategy": record.strategy,
        "contrast": record.contrast,
        "instead_of": record.instead_of or "",
        "play": record.play,
        "settings": record.settings_from,
        "submission": one.submission,
        "trust": one.trust,
        "evidence": one.evidence,
        "seeds": len(record.seeds),
        "base_seeds": len(ground.record.seeds) if ground else 0,
        "state": one.state,
        "effect": final.value,
        "low": final.low,
        "high": final.high,
        "p_adjusted": one.p,
        "area_effect": area.value,
        "area_low": area.low,
        "area_high": area.high,
        "failures": one.cell.failures,
        "base_failures": ground.failures if ground else 0,
        "inert": one.inert,
        "spec": record.provenance.spec,
        "command": command(record),
    }


NOTHING = Effects(math.nan, math.nan, math.nan)


def run_table(study: Study) -> pd.DataFrame:
    """One row per run: every seed of every cell that is shown, with what it ended at."""
    return pd.DataFrame(list(_runs(study)))


def _runs(study: Study) -> Iterator[dict[str, object]]:
    for view in study.tasks:
        for cell in view.cells.values():
            record, owner = cell.record, submission(view, cell)
            for seed in record.seeds:
                ended = seed.score if seed.status == "ok" else None
                known = ended is not None and record.score_info.anchors is not None
                yield {
                    "task": record.task,
                    "domain": DOMAIN_NAMES[record.domain],
                    "base": record.base,
                    "cell": record.cell,
                    "strategy": record.strategy or "",
                    "contrast": record.contrast,
                    "play": record.play,
                    "submission": owner,
                    "trust": view.grounds.trust(owner, record),
                    "seed": seed.seed,
                    "status": seed.status,
                    "metric": record.score_info.metric,
                    "score": _number(seed.score),
                    "normalised": record.score_info.normalised(ended)
                    if known and ended is not None
                    else math.nan,
                    "area": _number(seed.area),
                    "last": _number(seed.last),
                    "best": _number(seed.best),
                    "spec": record.provenance.spec,
                }


def _number(value: float | None) -> float:
    return math.nan if value is None else value
