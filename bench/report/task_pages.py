"""Pages of tasks: an index with the bases, and for each its score, headroom, cells and curves."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pandas as pd

from bench.experiment import registry
from bench.report import curves, samples, tables
from bench.report.cells import DOMAIN_NAMES, Key, TaskView, in_order
from bench.report.contrasts import failure_mode, submission
from bench.report.extensions import Game
from bench.report.files import Names
from bench.report.site import Data, Site, filters, paragraphs
from bench.report.verdicts import evidence

Row = dict[str, Any]


def index(site: Site, counted: dict[str, Row]) -> dict[str, Any]:
    """All tasks: what each is there for, and what the bases do."""
    ids = Names()
    rows: list[Row] = []
    for view in site.study.tasks:
        counts = [len(cell.record.seeds) for cell in view.cells.values()]
        data: Data = {
            "domain": [DOMAIN_NAMES[view.domain]],
            "failure": [failure_mode(view.name)],
            "submission": site.submissions(view),
            "evidence": [evidence(*view.fewest)],
        }
        rows.append(
            {
                "id": ids.slug("task", view.name),
                "view": view,
                "page": site.tasks[view.name],
                "counted": counted.get(view.name),
                "bare": _median(view, "bare"),
                "reference": _median(view, "reference"),
                "seeds": (min(counts), max(counts)),
                "data": data,
            }
        )
    return {"rows": rows, "filters": filters(row["data"] for row in rows)}


def _median(view: TaskView, base: str) -> float:
    """The median over seeds of a base's normalised score; NaN without one."""
    cell = view.cells.get(Key(base, "", ""))
    if cell is None or view.score.anchors is None:
        return math.nan
    return float(np.median(cell.arms["final"].values))


def page(site: Site, view: TaskView, counted: Row | None) -> dict[str, Any]:
    """One task: its cells in the order of their ranks, its curves and samples, who wins."""
    slug = site.writer.slug("task", view.name)
    # A task of which strategies on one player are all there is has cells on that page alone.
    frame = tables.task_table(view, site.study) if view.shown else pd.DataFrame()
    ids = Names()
    owners = {cell.record.cell: submission(view, cell) for cell in view.shown.values()}
    shown = {cell.record.cell: cell for cell in view.shown.values()}
    rows = _ranked(frame) if len(frame) else []
    for row in rows:
        record = shown[row["cell"]].record
        ground = view.ground(shown[row["cell"]])
        row["id"] = ids.slug(row["cell"])
        row["page"] = site.strategy(record.strategy or "")
        row["ground"] = record.strategy is None
        row["owner"] = owners[row["cell"]]
        row["evidence"] = evidence(row["seeds"], len(ground.record.seeds) if ground else 0)
        row["data"] = {
            "base": [record.base],
            "contrast": [record.contrast],
            "submission": [row["owner"]],
            "evidence": [row["evidence"]],
        }
    return {
        "view": view,
        "about": _about(view),
        "failure": failure_mode(view.name),
        "counted": counted,
        "medians": {base: _median(view, base) for base in ("bare", "reference")},
        "rows": rows,
        "filters": filters(row["data"] for row in rows),
        "winners": [row for row in rows if row["rank_low"] == 1],
        "placed": any(cell.instead_of for cell in view.shown.values()),
        "further": [c for c in frame.columns if c.startswith("last_")],
        "files": site.writer.table(slug, frame) if rows else None,
        "figures": _figures(site, view, slug),
        "players": site.players.get(view.name, ""),
        "environments": sorted(
            {c.record.provenance.environment or "" for c in view.shown.values()} - {""}
        ),
    }


def _ranked(frame: pd.DataFrame) -> list[Row]:
    """The cells of a task, the best first."""
    found: Any = frame.sort_values(["rank_low", "rank_high", "cell"]).to_dict("records")
    return list(found)


def _about(view: TaskView) -> Row:
    """What a task is, from its file; nothing for one that is not known here."""
    known = registry.tasks().get(view.name)
    if known is None:
        return {"known": False}
    return {
        "known": True,
        "doc": paragraphs(sys.modules[type(known).__module__].__doc__ or ""),
        "players": dict(known.players),
        "anchors": known.anchors.source,
        "steps": known.steps(known.updates),
    }


def _figures(site: Site, view: TaskView, slug: str) -> list[Row]:
    """Curves and samples by base and order of play."""
    order = in_order({key.base for key in view.shown})
    figures = []
    for base, play in sorted({key[:2] for key in view.shown}, key=lambda k: (order.index(k[0]), k)):
        name = f"{slug}-{site.writer.slug(*([base, play] if play else [base]))}"
        drawn = curves.learning_curves(view, base, play), samples.samples(view, base, play)
        figures.append(
            {
                "base": f"{base}={play}" if play else base,
                "curves": site.writer.figure(f"{name}-curves", drawn[0]),
                "samples": site.writer.figure(f"{name}-samples", drawn[1]),
            }
        )
    return figures


def players(game: Game) -> dict[str, Any]:
    """A game's effects by player and order of play."""
    return {"game": game, "view": game.view}
