"""Tables as pandas frames: one per task with all its cells, and the transfer table of a base."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.records.rank_tests import benjamini_hochberg
from bench.records.record import Record
from bench.report import stats
from bench.report.cells import EXTENSION, CellResult, Endpoint, Key, TaskView
from bench.report.extensions import Entry, Game
from bench.report.findings import DOMAINS, Finding, Study


def command(record: Record, tasks: Sequence[str] = ()) -> str:
    """The command that runs this cell, or the same on other `tasks`.

    It runs the controls too, which belong to every grid, and the strategy in the place of others.
    """
    named = record.strategy or "placebo"
    if record.instead_of:
        named += "-" + record.instead_of.replace("+", "-")
    parts = ["--tasks", ",".join(tasks or [record.task]), "--strategies", named]
    parts += ["--base", record.base, "--seeds", str(len(record.planned_seeds))]
    if record.play:
        parts += ["--play", record.play]
    if record.settings_from != "published":
        parts += ["--settings", record.settings_from]
    return "python -m bench run " + " ".join(shlex.quote(part) for part in parts)


def best_minus_last(cell: CellResult) -> float:
    """Best evaluation minus last evaluation: the median over seeds, in the score's unit.

    It is never negative, and inf for a run without a last evaluation.
    """
    sign = 1.0 if cell.record.score_info.better == "higher" else -1.0
    lost = [
        math.inf if r.best is None or r.last is None else sign * (r.best - r.last)
        for r in cell.record.seeds
    ]
    return float(np.quantile(lost, 0.5, method="higher"))


def last_metrics(cell: CellResult) -> dict[str, float]:
    """The median over seeds of every further metric at the last evaluation."""
    last = [result.curve[-1].metrics for result in cell.record.seeds]
    names = sorted({name for metrics in last for name in metrics})
    found = {name: [m[name] for m in last if m.get(name) is not None] for name in names}
    return {
        name: float(np.median(np.array(values, dtype=float))) if values else math.nan
        for name, values in found.items()
        if name != cell.record.score_info.metric
    }


def task_table(view: TaskView, study: Study) -> pd.DataFrame:
    """One row per cell: score and area with intervals, rank, effects, failures, and more.

    All are interquartile means over seeds, with failures counted as worst: an infinite mean says
    that they reach into the middle half of the runs. The score is in the task's unit, the others
    are normalised. Ranks are by the normalised score, with ties.
    """
    finals = [cell.arms["final"] for cell in view.shown.values()]
    samples = [stats.iqm_resampled(view.name, final, study.boot) for final in finals]
    ranks = stats.rank_intervals(np.array(samples), finals[0].tie)
    rows = []
    for (key, cell), rank in zip(view.shown.items(), ranks, strict=True):
        failed = stats.clopper_pearson(cell.failures, len(cell.record.seeds))
        seconds = math.fsum(cell.record.seconds.values()) / cell.record.seconds_seeds
        rows.append(
            {
                "cell": cell.record.cell,
                "rank_low": rank[0],
                "rank_high": rank[1],
                **_mean_columns(view, cell, study.boot),
                "seeds": len(cell.record.seeds),
                "failures": cell.failure_text,
                "failure_rate": cell.failures / len(cell.record.seeds),
                "failure_low": failed[0],
                "failure_high": failed[1],
                **_effect_columns("improvement", view.effects["final"].get(key)),
                **_effect_columns("area_improvement", view.effects["area"].get(key)),
                "inert": view.inert.get(key, ""),
                "best_minus_last": best_minus_last(cell),
                "seconds_per_seed": seconds,
                **{f"last_{name}": value for name, value in last_metrics(cell).items()},
                "spec": cell.record.provenance.spec,
                "command": command(cell.record),
            }
        )
    return pd.DataFrame(rows)


def _mean_columns(view: TaskView, cell: CellResult, boot: stats.Bootstrap) -> dict[str, float]:
    """The mean score in the task's unit, the mean normalised score, and the mean area."""
    sign = 1.0 if view.score.better == "higher" else -1.0
    low, high = sorted(sign * limit for limit in _mean_limits(view, cell.scores, boot))
    mean = sign * float(stats.iqm(cell.scores.values))
    columns = {"iqm": mean, "iqm_low": low, "iqm_high": high}
    area = cell.arms.get("area")
    low, high = _mean_limits(view, area, boot) if area else (math.nan, math.nan)
    known = view.score.anchors is not None
    columns["normalised"] = float(stats.iqm(cell.arms["final"].values)) if known else math.nan
    columns["area"] = float(stats.iqm(area.values)) if area else math.nan
    return columns | {"area_low": low, "area_high": high}


def _mean_limits(view: TaskView, arm: stats.Arm, boot: stats.Bootstrap) -> tuple[float, float]:
    return stats.percentiles(stats.iqm_resampled(view.name, arm, boot))


def _effect_columns(name: str, found: stats.Comparison | None) -> dict[str, float]:
    low, high = found.limits if found else (math.nan, math.nan)
    value = found.value if found else math.nan
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def effect_matrix(
    study: Study, base: str, endpoint: Endpoint = "final"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """P(improvement) [strategies, tasks] on a base and its p adjusted for the whole matrix.

    By one endpoint. NaN where there is no record or the strategy is inert. Rows are in the order of
    the findings, with strategies that only toy games know behind them. Of plain cells, without
    extensions. A cell that stands in two rows is tested once.
    """
    rows = study.rows(base)
    views = [view for view in study.tasks if view.domain != EXTENSION]
    columns = {v.name: v for v in views if any(k.base == base and k.label for k in v.plain)}
    values = pd.DataFrame(math.nan, index=list(rows), columns=list(columns))
    tests: dict[tuple[str, Key], float] = {}
    for label, row in rows.items():
        for name, view in columns.items():
            key = view.key(base, row)
            effect = view.effects[endpoint].get(key)
            if effect is not None:
                values.loc[label, name] = effect.value
                tests[name, key] = effect.p
    adjusted = pd.DataFrame(math.nan, index=values.index, columns=values.columns)
    found = dict(zip(tests, benjamini_hochberg(list(tests.values())), strict=True))
    for label, row in rows.items():
        for name, view in columns.items():
            adjusted.loc[label, name] = found.get((name, view.key(base, row)), math.nan)
    return values, adjusted


def transfer_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row per strategy: effects, intervals, adjusted p, failures by domain, verdict, cost."""
    rows = []
    for finding in findings:
        row: dict[str, object] = {"strategy": finding.label, "verdict": finding.verdict}
        row["instead_of"] = " ".join(finding.instead_of)
        for domain in DOMAINS:
            part = finding.domains[domain]
            known = part.effect
            row |= {
                f"{domain}_contrast": part.contrast or "",
                f"{domain}_state": part.state,
                f"{domain}_effect": known.value if known else math.nan,
                f"{domain}_low": known.low if known else math.nan,
                f"{domain}_high": known.high if known else math.nan,
                f"{domain}_p_holm": math.nan if part.p_adjusted is None else part.p_adjusted,
                f"{domain}_look": part.look,
                f"{domain}_seeds_needed": math.nan if part.needed is None else part.needed,
                f"{domain}_lacking": " ".join(part.lacking),
                **_area_columns(f"{domain}_area", part.area),
                f"{domain}_tasks": " ".join(known.tasks) if known else "",
                f"{domain}_failures_without": "{}/{}".format(*part.failures[:2]),
                f"{domain}_failures_with": "{}/{}".format(*part.failures[2:]),
                f"cost_{domain}": part.cost,
            }
        row |= {"evidence": finding.evidence, "control": finding.expected or ""}
        rows.append(row)
    return pd.DataFrame(rows)


def effect_columns(name: str, found: stats.Effect | None) -> dict[str, object]:
    """An effect, its interval, its fewest seeds and how many tasks it is of."""
    return {
        f"{name}_effect": found.value if found else math.nan,
        f"{name}_low": found.low if found else math.nan,
        f"{name}_high": found.high if found else math.nan,
        f"{name}_seeds": found.runs if found else 0,
        f"{name}_tasks": len(found.tasks) if found else 0,
    }


def _area_columns(name: str, area: stats.Effect | None) -> dict[str, float]:
    """The effect by area, its interval, and its p, which is not adjusted: no verdict has it."""
    found = (area.value, area.low, area.high, area.p) if area else (math.nan,) * 4
    return dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_p"), found, strict=True))


def extension_table(games: Sequence[Game]) -> pd.DataFrame:
    """One row per cell of the games: its effect against the same base in the same order of play.

    The base itself has no strategy and no effect.
    """
    rows = []
    for game in games:
        for table in game.tables:
            entries = [entry for found in table.rows.values() for entry in found.values()]
            for entry in [table.ground, *entries]:
                if entry is not None:
                    rows.append(_extension_row(game, entry))
    return pd.DataFrame(rows)


def order_table(games: Sequence[Game]) -> pd.DataFrame:
    """One row per cell in another order of play: its effect against the task's own order."""
    rows = []
    for game in games:
        for table in game.orders:
            for found in table.rows.values():
                rows += [_extension_row(game, entry) for play, entry in found.items() if play]
    return pd.DataFrame(rows)


def _extension_row(game: Game, entry: Entry) -> dict[str, object]:
    """An entry; `base_n` is the number of seeds of the cell that it is compared with."""
    known, other = entry.effect, entry.other
    return {
        "game": game.view.name,
        "base": entry.key.base,
        "strategy": entry.row if entry.key.label else "",
        "scope": entry.scope,
        "play": entry.key.play,
        "n": len(entry.cell.record.seeds),
        "base_n": len(other.record.seeds) if other else 0,
        "median": entry.median,
        "effect": known.value if known else math.nan,
        "low": known.low if known else math.nan,
        "high": known.high if known else math.nan,
        "p": known.p if known else math.nan,
        "p_adjusted": entry.p_adjusted,
        "state": entry.word,
        **_area_columns("area", entry.area),
        "failures": entry.cell.failure_text,
        "inert": entry.inert,
        "spec": entry.cell.record.provenance.spec,
        "command": command(entry.cell.record),
    }


def provenance_table(study: Study) -> pd.DataFrame:
    """One row per set-up: code, machine and libraries, and the number of cells."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for record in study.records:
        source = record.provenance
        state = {True: "yes", False: "no", None: "unknown"}[source.dirty]
        versions = ", ".join(f"{name} {v}" for name, v in sorted(source.versions.items()))
        key: tuple[str, ...] = (
            source.suite,
            source.commit or "unknown",
            state,
            source.device,
            source.cpu,
        )
        key += (str(source.threads), source.dtype, versions)
        rows.setdefault(key, []).append(record.task)
    names = ["suite", "commit", "uncommitted", "device", "cpu", "threads", "dtype", "versions"]
    return pd.DataFrame(
        [
            {
                **dict(zip(names, key, strict=True)),
                "cells": len(tasks),
                "tasks": " ".join(sorted(set(tasks))),
            }
            for key, tasks in sorted(rows.items())
        ]
    )


def number(value: float) -> str:
    """Three significant digits without exponents where they can be avoided; "failed" for inf."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "failed"
    if abs(value) >= 1e7 or 0 < abs(value) < 1e-4:
        return f"{value:.2e}"
    digits = 3 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}" if value else "0"
    return text.replace("-", "−")


def interval(low: float, high: float) -> str:
    """ "[low, high]" in the same style."""
    return "" if math.isnan(low) else f"[{number(low)}, {number(high)}]"
