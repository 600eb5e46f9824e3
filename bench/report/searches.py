"""Tables and figures of searches for settings: what was chosen, and what it took to find it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.records.json_file import CorruptRecord
from bench.records.search import Candidate, Search, median
from bench.records.search_space import choice_text
from bench.records.search_store import current, unchosen
from bench.records.store import Found
from bench.report.curves import COLUMNS, panels, size_of
from bench.report.findings import DOMAIN_NAMES
from bench.report.stats import Floats
from bench.report.style import ACCENT, BASE_GREY, INK, VERDICT_STYLE, png, printable, styled

DOMAIN_COLOURS = {"gan": ACCENT, "rl": VERDICT_STYLE["RL only"][0], "game": BASE_GREY}


@dataclass(frozen=True)
class Shown:
    """A search, and the name of the submission that it belongs to."""

    search: Search
    submission: str


def believed(found: Sequence[Found]) -> tuple[list[Found], list[tuple[str, str]]]:
    """The records but for tuned ones that no search has chosen, which are told with the reason."""
    kept, ignored = [], []
    for item in found:
        why = unchosen(item) if item.record.settings_from == "tuned" else None
        if why is None:
            kept.append(item)
        else:
            ignored.append((str(item.path), why))
    return kept, ignored


def sort_out(
    found: Sequence[tuple[Path, Search | CorruptRecord]], records: Sequence[Found]
) -> tuple[list[Shown], list[tuple[str, str]]]:
    """The searches to show, one for each cell, and those that are not, with the reason.

    First those of the submissions whose tuned cells are shown, the first of `records` of each cell;
    then one's own (`local`), then path order.
    """
    folders: dict[tuple[str, str], Path] = {}
    for record in records:
        if record.record.settings_from == "tuned":
            key = (record.record.task, record.record.origin.published.name)
            folders.setdefault(key, record.path.parents[1])
    kept: dict[tuple[str, str], Shown] = {}
    ignored = []

    def order(one: tuple[Path, Search | CorruptRecord]) -> tuple[bool, bool, Path]:
        path, item = one
        key = ("", "") if isinstance(item, CorruptRecord) else (item.task, item.cell)
        return folders.get(key) != path.parents[1], "local" not in path.parts, path

    for path, item in sorted(found, key=order):
        if isinstance(item, CorruptRecord):
            ignored.append((str(path), str(item)))
        elif not current(item):
            ignored.append((str(path), "made by other code, settings or data than these"))
        elif item.updates is not None:
            ignored.append((str(path), "a trial with a budget other than the task's"))
        elif item.best() is None:
            ignored.append((str(path), "nothing has come to its end yet"))
        elif (item.task, item.cell) in kept:
            ignored.append((str(path), "a search of the same cell comes before it"))
        else:
            kept[item.task, item.cell] = Shown(item, path.parents[1].name)
    return [kept[key] for key in sorted(kept)], ignored


def search_table(shown: Sequence[Shown]) -> pd.DataFrame:
    """One row per search: what was chosen of how many, and what both settings score there."""
    rows = []
    for one in shown:
        search, best = one.search, one.search.best()
        assert best is not None
        published = next((tried for tried in search.candidates if tried.number == 0), None)
        rows.append(
            {
                "base": search.base,
                "strategy": search.strategy,
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


def _score(search: Search, candidate: Candidate | None) -> float:
    """The median over seeds; inf, which reads "failed", without one."""
    if candidate is None:
        return math.nan
    score = median(search.score_info, candidate.scores(search.score_info))
    return math.inf if score is None else score


def budget_curve(search: Search) -> Floats:
    """Normalised score [settings tried] of the best of the first 1, 2, ... settings.

    By the seeds of the search, in the order in which settings were drawn. What is failed, or below
    the low anchor, counts as 0.
    """
    values = []
    for first in range(1, len(search.candidates) + 1):
        best = search.best(first)
        score = None if best is None else median(search.score_info, best.scores(search.score_info))
        values.append(0.0 if score is None else max(0.0, search.score_info.normalised(score)))
    return np.array(values)


def budget_curves(searches: Sequence[Search]) -> bytes | None:
    """PNG with a panel per strategy and base: the best score against the budget, by domain.

    Where a task's space is smaller than another's, its curve goes on as it ends.
    """
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
        figure.supylabel("normalised score of the best", fontsize=8.5, x=0.05 / size[0])
        shown = [d for d in DOMAIN_NAMES if any(d in domains for domains in grouped.values())]
        handles = [
            Line2D(
                [], [], color=DOMAIN_COLOURS[d], lw=1.6, label=f"{DOMAIN_NAMES[d]}: mean over tasks"
            )
            for d in shown
        ]
        figure.legend(handles=handles, loc="upper left", ncols=3, frameon=False, fontsize=8)
        return png(figure)
