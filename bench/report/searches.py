"""Tables and figures of searches for settings: what was chosen, and what it took to find it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.record import CorruptRecord
from bench.report.curves import COLUMNS, panels, size_of
from bench.report.style import ACCENT, BASE_GREY, INK, VERDICT_STYLE, png, printable, styled
from bench.search import Search, Tried, current, median
from bench.stats import Floats
from bench.tuning import text

DOMAIN_COLOURS = {"gan": ACCENT, "rl": VERDICT_STYLE["RL only"][0], "game": BASE_GREY}
DOMAIN_LABELS = {"gan": "GAN tasks", "rl": "RL tasks", "game": "toy games"}


def sort_out(
    found: Sequence[tuple[Path, Search | CorruptRecord]],
) -> tuple[list[Search], list[tuple[str, str]]]:
    """The searches to show, one for each cell, and those that are not, with the reason.

    Those of one's own (`local`) come first, then path order.
    """
    kept: dict[tuple[str, str], Search] = {}
    ignored = []
    for path, item in sorted(found, key=lambda one: ("local" not in one[0].parts, one[0])):
        if isinstance(item, CorruptRecord):
            ignored.append((path.name, str(item)))
            continue
        where = f"the search of {item.task}/{item.cell} (spec {item.spec})"
        if not current(item):
            ignored.append((where, "made by other code, settings or data than these"))
        elif item.updates is not None:
            ignored.append((where, "a trial with a budget other than the task's"))
        elif item.best() is None:
            ignored.append((where, "nothing has come to its end yet"))
        elif (item.task, item.cell) in kept:
            ignored.append((where, "a search of the same cell comes before it"))
        else:
            kept[item.task, item.cell] = item
    return [kept[key] for key in sorted(kept)], ignored


def search_table(searches: Sequence[Search]) -> pd.DataFrame:
    """One row per search: what was chosen of how many, and what both settings score there."""
    rows = []
    for search in searches:
        best = search.best()
        assert best is not None
        published = next((tried for tried in search.counted if tried.number == 0), None)
        rows.append(
            {
                "base": search.base,
                "strategy": search.strategy,
                "task": search.task,
                "domain": search.domain,
                "tried": len(search.counted),
                "stopped": sum(tried.status == "stopped" for tried in search.counted),
                "chosen": "the published ones" if best.number == 0 else text(best.settings),
                "published": text(published.settings) if published else "",
                "metric": search.score_info.metric,
                "score_published": _score(search, published),
                "score_chosen": _score(search, best),
                "seeds": len(search.seeds),
                "seconds": math.fsum(tried.seconds for tried in search.counted),
            }
        )
    return pd.DataFrame(rows).sort_values(["base", "strategy", "task"]) if rows else pd.DataFrame()


def _score(search: Search, tried: Tried | None) -> float:
    """The median over seeds; inf, which reads "failed", without one."""
    if tried is None:
        return math.nan
    score = median(search.score_info, tried.scores)
    return math.inf if score is None else score


def budget_curve(search: Search) -> Floats:
    """Normalised score [budget] of the best of the first 1, 2, ... settings, less the first one's.

    By the seeds of the search, in the order in which settings were drawn. Where the space is
    smaller than the budget, the curve goes on as it is. A failure counts as the low anchor.
    """
    values = []
    for first in range(1, search.budget + 1):
        best = search.best(first)
        score = None if best is None else median(search.score_info, best.scores)
        values.append(0.0 if score is None else search.score_info.normalised(score))
    curve = np.array(values)
    return curve - curve[0]


def budget_curves(searches: Sequence[Search]) -> bytes | None:
    """PNG with a panel per strategy and base: what more settings gain in each domain."""
    grouped: dict[tuple[str, str], dict[str, list[Floats]]] = defaultdict(lambda: defaultdict(list))
    for search in searches:
        if search.score_info.anchors is not None:
            curve = budget_curve(search)
            grouped[search.strategy, search.base][search.domain].append(curve)
    if not grouped:
        return None
    many = len({base for _, base in grouped}) > 1
    columns = min(COLUMNS, len(grouped))
    rows = -(-len(grouped) // columns)
    with styled():
        figure, grid = panels(rows, columns, width=max(2.4, 5.0 / columns), height=1.3)
        for axes, ((strategy, base), domains) in zip(
            grid.flat, sorted(grouped.items()), strict=False
        ):
            for domain, curves in domains.items():
                most = max(map(len, curves))
                padded = [np.pad(c, (0, most - len(c)), mode="edge") for c in curves]
                places = np.arange(1, most + 1)
                middle = np.mean(padded, axis=0)
                axes.step(places, middle, where="post", color=DOMAIN_COLOURS[domain], lw=1.6)
            title = printable(strategy, 26) + (f" ({base})" if many else "")
            axes.set_title(title, loc="left", color=INK)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for index, axes in enumerate(grid.flat):
            axes.set_visible(index < len(grouped))
            last_of_column = index + columns >= len(grouped)
            axes.tick_params(labelbottom=last_of_column, labelleft=index % columns == 0)
        size = size_of(figure)
        figure.supxlabel("settings tried, the published ones first", fontsize=9, y=0.1 / size[1])
        figure.supylabel("gain in normalised score", fontsize=8.5, x=0.05 / size[0])
        shown = [d for d in DOMAIN_LABELS if any(d in domains for domains in grouped.values())]
        handles = [
            Line2D([], [], color=DOMAIN_COLOURS[d], lw=1.6, label=f"{DOMAIN_LABELS[d]}: mean")
            for d in shown
        ]
        figure.legend(handles=handles, loc="upper left", ncols=3, frameon=False, fontsize=8)
        return png(figure)
