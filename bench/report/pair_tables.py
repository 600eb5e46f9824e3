"""Tables of what strategies do together, and of what each part does inside a kit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.experiment.kits import KITS, parts
from bench.records.rank_tests import holm
from bench.report import stats, verdicts
from bench.report.arms import title
from bench.report.cells import CellResult, TaskView
from bench.report.files import Writer
from bench.report.findings import DOMAINS, Study
from bench.report.pairs import (
    MARGIN,
    Combined,
    Members,
    acts,
    arm,
    cells_of,
    combinations,
    combined,
    declared,
    final,
)

Row = dict[str, Any]
EVERY = ""
"""In place of a task: the mean over the tasks of the domain."""


def section(study: Study, writer: Writer) -> Row | None:
    """What the page shows, with the addresses of the tables; None if there is nothing."""
    tables = {"pairs": pair_table(study), "kit-parts": part_table(study)}
    shown = {name: table for name, table in tables.items() if len(table)}
    if not shown:
        return None
    return {"margin": MARGIN} | {
        name: {
            "files": writer.table(name, table),
            "rows": table[table.task == EVERY].to_dict("records"),
        }
        for name, table in shown.items()
    }


def pair_table(study: Study) -> pd.DataFrame:
    """One row per base, combination and domain, followed by one for each of its tasks.

    Only rows of domains have a word; their p is adjusted by Holm over all combinations of a base
    and both domains. Columns as in `_pair_row`; see `bench.report.pairs`.
    """
    rows = []
    for base in study.bases:
        found = combinations(study, base)
        for one, p in zip(found, holm([each.p for each in found]), strict=True):
            rows.append(_pair_row(one, EVERY) | {"p_adjusted": p, "word": one.word(p)})
            for trial in one.trials:
                alone = combined(base, one.domain, one.parts, [trial])
                rows.append(
                    _pair_row(alone, trial.view.name) | {"p_adjusted": math.nan, "word": ""}
                )
    return pd.DataFrame(rows)


def _pair_row(found: Combined, task: str) -> Row:
    """P(improvement) over the base of all and of each, and the two comparisons with intervals."""
    better, gap = found.better, found.interaction
    alone = [_mean([trial.singles[i] for trial in found.trials]) for i in range(len(found.parts))]
    return {
        "base": found.base,
        "combination": title(found.parts),
        "domain": found.domain,
        "task": task,
        "tasks": len(found.trials),
        "seeds": found.runs,
        "together": _mean([trial.whole for trial in found.trials]),
        "alone": ", ".join(f"{p} {v:.2f}" for p, v in zip(found.parts, alone, strict=True)),
        "better": found.parts[better],
        "against_better": found.beside[better].value,
        "against_better_low": min(effect.low for effect in found.beside),
        "against_better_high": min(effect.high for effect in found.beside),
        "p_against_better": found.p_beside,
        "interaction": gap.value,
        "interaction_low": gap.low,
        "interaction_high": gap.high,
        "p_interaction": gap.p,
    }


def _mean(found: Sequence[stats.Comparison]) -> float:
    return math.fsum(one.value for one in found) / len(found)


def part_table(study: Study) -> pd.DataFrame:
    """What each part does inside its kit: P(the kit beats itself without it) on the bare base.

    One row per kit, part and domain, followed by one for each task; also for combinations of three
    that the grid `pairs` declares. Tasks on which the part is inert do not count. State and
    adjusted p are as in the transfer table, by Holm over all parts and both domains.
    """
    found = []
    for domain in DOMAINS:
        inside = [view for view in study.tasks if view.domain == domain]
        known = [(view, cells_of(view, "bare")) for view in inside]
        for whole, part in _ablated():
            tried = [_contribution(study, view, cells, whole, part) for view, cells in known]
            kept = [one for one in tried if one is not None]
            if kept:
                found.append((whole, part, domain, kept, stats.effect(kept)))
    rows: list[Row] = []
    adjusted = holm([effect.p for *_, effect in found])
    for (whole, part, domain, kept, effect), p in zip(found, adjusted, strict=True):
        start = {"kit": title(whole), "part": part, "domain": domain}
        judged = {"p_adjusted": p, "state": verdicts.state(effect, p)}
        rows.append(start | _part_row(effect, EVERY) | judged)
        for one in kept:
            row = _part_row(stats.effect([one]), one.task)
            rows.append(start | row | {"p_adjusted": math.nan, "state": ""})
    return pd.DataFrame(rows)


def _part_row(effect: stats.Effect, task: str) -> Row:
    return {
        "task": task,
        "tasks": len(effect.tasks),
        "seeds": effect.runs,
        "effect": effect.value,
        "low": effect.low,
        "high": effect.high,
        "p": effect.p,
    }


def _ablated() -> list[tuple[Members, str]]:
    """Every kit of several, and every combination of three that is declared, with each part."""
    kits = [frozenset(parts(kit)) for kit in KITS]
    wholes = dict.fromkeys([*kits, *(every for every in declared() if len(every) > 2)])
    return [(whole, part) for whole in wholes for part in sorted(whole) if len(whole) > 1]


def _contribution(
    study: Study, view: TaskView, known: dict[Members, CellResult], whole: Members, part: str
) -> stats.Comparison | None:
    """A kit against itself without a part, on one task; None without records, or if it is inert."""
    cell = known.get(whole)
    if cell is None or not acts(part, view.name):
        return None
    rest = arm(view, known, whole - {part}, cell)
    return None if rest is None else final(view, cell, rest, study.boot)
