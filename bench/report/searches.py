"""Tables and figures of searches for settings: the chosen settings, and scores by budget."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.records.search import Candidate, Search, median
from bench.records.search_space import choice_text
from bench.report.cells import DOMAIN_NAMES, EXTENSION, IN_PLACE, short
from bench.report.panels import AxisScale, axis_titles, panels, widened
from bench.report.selection import ShownSearch
from bench.report.stats import Floats
from bench.report.style import ACCENT, BASE_GREY, VERDICT_STYLE, png, printable, styled

ITSELF = "(the base itself)"
"""What stands for the strategy where a base's own settings were searched."""

DOMAIN_COLOURS = {
    "gan": ACCENT,
    "rl": VERDICT_STYLE["RL only"][0],
    "game": BASE_GREY,
    EXTENSION: VERDICT_STYLE["transfers"][0],
}


def search_table(shown: Sequence[ShownSearch]) -> pd.DataFrame:
    """One row per search: the chosen and the published settings with their scores."""
    rows = []
    for one in shown:
        search, best = one.search, one.search.best()
        assert best is not None
        published = next((tried for tried in search.candidates if tried.number == 0), None)
        rows.append(
            {
                "base": search.base,
                "strategy": _named(search),
                "task": search.task,
                "domain": search.domain,
                "submission": one.submission,
                "tried": len(search.candidates),
                "stopped": sum(tried.status == "stopped" for tried in search.candidates),
                "chosen": "the published ones" if best.number == 0 else choice_text(best.settings),
                "published": choice_text(published.settings) if published else "",
                "metric": search.score_info.metric,
                "score_published": _score(search, published),
                "score_chosen": _score(search, best),
                "seeds": len(search.seeds),
                "seconds": math.fsum(tried.seconds for tried in search.candidates),
            }
        )
    return pd.DataFrame(rows).sort_values(["base", "strategy", "task"]) if rows else pd.DataFrame()


def _named(search: Search) -> str:
    """The strategy, in whose place it is, and the order of play if it is not the task's."""
    placed = f"{IN_PLACE}{' and '.join(search.instead_of.split('+'))})" if search.instead_of else ""
    return (search.strategy or ITSELF) + placed + (f"={search.play}" if search.play else "")


def _score(search: Search, candidate: Candidate | None) -> float:
    """The median over seeds; inf, which reads "failed", without one."""
    if candidate is None:
        return math.nan
    score = median(search.score_info, candidate.scores(search.score_info))
    return math.inf if score is None else score


def budget_curve(search: Search) -> Floats:
    """Normalised score [settings tried] of the best of the first 1, 2, ... settings.

    On the seeds of the search, in the order in which settings were tried. A failure, and a score
    below the low anchor, count as 0.
    """
    values = []
    for first in range(1, len(search.candidates) + 1):
        best = search.best(first)
        score = None if best is None else median(search.score_info, best.scores(search.score_info))
        values.append(0.0 if score is None else max(0.0, search.score_info.normalised(score)))
    return np.array(values)


def budget_curves(searches: Sequence[Search]) -> bytes | None:
    """PNG with a panel per strategy and base: the best score against the budget, by domain.

    A curve that is shorter than others, because the task's space is smaller, is extended by its
    last value.
    """
    grouped: dict[tuple[str, str], dict[str, list[Floats]]] = defaultdict(lambda: defaultdict(list))
    for search in searches:
        if search.score_info.anchors is not None:
            curve = budget_curve(search)
            grouped[_named(search), search.base][search.domain].append(curve)
    if not grouped:
        return None
    many = len({base for _, base in grouped}) > 1
    means = {key: _means(domains) for key, domains in sorted(grouped.items())}
    values = [means for domains in means.values() for means in domains.values()]
    top = max(len(curve) for curve in values)
    low, high = min(curve.min() for curve in values), max(curve.max() for curve in values)
    with styled():
        x = AxisScale.linear(*widened(1, top, 0.05), MaxNLocator(5, integer=True), ".0f")
        y = AxisScale.linear(*widened(low, high, 0.05), MaxNLocator(4))
        figure, grid = panels(len(grouped), x, y, width=2.4, height=1.3)
        for panel, ((strategy, base), domains) in zip(grid, means.items(), strict=True):
            for domain, curve in domains.items():
                tried = np.arange(1.0, len(curve) + 1)
                style = {"color": DOMAIN_COLOURS[domain], "lw": 1.6, "drawstyle": "steps-post"}
                panel.line(tried, curve, **style)
            panel.title(printable(short(strategy), 34) + (f" ({base})" if many else ""))
        axis_titles(
            figure, "settings tried, the published ones first", "normalised score of the best"
        )
        shown = [d for d in DOMAIN_NAMES if any(d in domains for domains in grouped.values())]
        handles = [
            Line2D(
                [], [], color=DOMAIN_COLOURS[d], lw=1.6, label=f"{DOMAIN_NAMES[d]}: mean over tasks"
            )
            for d in shown
        ]
        figure.legend(handles=handles, loc="upper left", ncols=3, frameon=False, fontsize=8)
        return png(figure)


def _means(domains: dict[str, list[Floats]]) -> dict[str, Floats]:
    """The mean curve of every domain; a shorter curve is extended by its last value."""
    found = {}
    for domain, curves in domains.items():
        most = max(map(len, curves))
        found[domain] = np.mean(
            [np.pad(c, (0, most - len(c)), mode="edge") for c in curves], axis=0
        )
    return found
