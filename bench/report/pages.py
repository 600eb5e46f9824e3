"""Writes the report: HTML pages, CSV tables, PNG figures and LEADERBOARD.md.

The same records give the same bytes: nothing here reads a clock, a host name or a random source
other than the bootstrap's own.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.experiment import costs
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.task import TIE
from bench.records.record import Record
from bench.report import (
    bases,
    belonging,
    curves,
    extensions,
    heat_maps,
    home,
    pair_tables,
    plots,
    samples,
    tables,
    verdicts,
)
from bench.report.cells import DOMAIN_NAMES, TaskView, in_order
from bench.report.files import Writer
from bench.report.findings import DOMAINS, Finding, Study, study
from bench.report.searches import budget_curves, search_table
from bench.report.selection import Ignored, Selection, ShownSearch, one_per_cell
from bench.report.style import VERDICT_STYLE

INDEX, STUDIES = "index.html", "studies.html"

Page = dict[str, Any]


def build_report(
    records: list[Record],
    out: Path,
    leaderboard: Path | None,
    searches: Sequence[ShownSearch] = (),
    ignored: Sequence[Ignored] = (),
) -> list[Path]:
    """Write a report of one page below `out`, and the leaderboard if a path is given.

    Returns all paths. Of several records of one cell the first is shown; the others are listed with
    what else is `ignored`, and why. Raises `ValueError` if there is nothing to report.
    """
    kept, others = one_per_cell(records)
    if not kept:
        found = f"; {len(records)} of another kind: {others[0][1]}" if others else ""
        raise ValueError(f"no records found for protocol {PROTOCOL_VERSION}{found}")
    selection = Selection(kept, list(searches), [*others, *ignored])
    return build_pages(selection, out, leaderboard)


def build_pages(
    studies: Selection | None,
    out: Path,
    leaderboard: Path | None,
    own: tuple[str, Selection] | None = None,
    at_home: Iterable[Record] = (),
) -> list[Path]:
    """Write index.html and the leaderboard; returns all paths.

    If there is an `own` submission, index.html shows that one alone, and studies.html the others,
    if there are any. The leaderboard is that of the studies, or else of the own submission. Each
    selection that is given has at least one record. `at_home` are the records of home evidence,
    which stands beside verdicts and is part of none.
    """
    notes = home.notes(at_home)
    if own is None:
        assert studies is not None, "there is nothing to report"
        links: Page = {"own": None, "other": None, "at_home": notes}
        return _write_page(studies, Writer(out), INDEX, leaderboard, links)
    name, selection = own
    links = {"own": name, "other": None if studies is None else STUDIES, "at_home": notes}
    if studies is None:
        return _write_page(selection, Writer(out), INDEX, leaderboard, links)
    others = {"own": None, "other": INDEX, "at_home": notes}
    return [
        *_write_page(selection, Writer(out), INDEX, None, links),
        *_write_page(studies, Writer(out, "studies"), STUDIES, leaderboard, others),
    ]


def _write_page(
    selection: Selection, writer: Writer, name: str, leaderboard: Path | None, links: Page
) -> list[Path]:
    """One page with its tables and figures. `links` says whose it is, and what it links to."""
    found = study(selection.records, grounds=selection.grounds)
    page = _page(found, selection, writer) | links
    template = _environment(True).get_template("page.html.j2")
    writer.text(writer.out / name, template.render(page))
    if leaderboard is not None:
        text = _environment(False).get_template("leaderboard.md.j2").render(page)
        writer.text(leaderboard, re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n")
    return writer.written


def _page(found: Study, selection: Selection, writer: Writer) -> Page:
    """Everything that the templates show."""
    chosen = search_table(selection.searches)
    searched = budget_curves([shown.search for shown in selection.searches])
    provenance = tables.provenance_table(found)
    writer.table("provenance", provenance)
    return {
        "protocol": PROTOCOL_VERSION,
        "verdicts": verdicts,
        "tie": TIE,
        "costs": costs,
        "domains": DOMAINS,
        "domain_names": DOMAIN_NAMES,
        "styles": VERDICT_STYLE,
        "all_players": extensions.ALL,
        "study": found,
        "summary": summary(found),
        "bases": [_base_section(found, base, writer) for base in found.bases],
        "base_curves": writer.figure("bases", curves.base_curves(found)),
        "counted": bases.bases_table(found.tasks).to_dict("records"),
        "tasks": [_task_section(found, view, writer) for view in found.tasks if view.shown],
        "extensions": _extension_section(found, writer),
        "pairs": pair_tables.section(found, writer),
        "searches": chosen.to_dict("records"),
        "searches_csv": writer.table("searches", chosen) if selection.searches else None,
        "search_curves": writer.figure("searches", searched),
        "ignored": selection.ignored,
        "provenance": provenance.to_dict("records"),
    }


def summary(found: Study) -> Page:
    """How many cells, seeds and failures verdicts count, and what the weakest evidence is.

    `further` cells are in no verdict; where all are so, they are what is summed up.
    """
    records = found.counted or found.records
    runs = [result for record in records for result in record.seeds]
    fewest = min(len(record.seeds) for record in records)
    bases = [len(record.seeds) for record in records if record.strategy is None]
    return {
        "cells": len(records),
        "further": len(found.records) - len(records),
        "runs": len(runs),
        "failures": sum(result.status != "ok" for result in runs),
        "fewest": fewest,
        "most": max(len(record.seeds) for record in records),
        "evidence": verdicts.evidence(fewest, min(bases, default=fewest)),
        "missing": sorted({"gan", "rl"} - {record.domain for record in found.counted}),
        "dirty": any(record.provenance.dirty for record in found.records),
        "commits": sorted({record.provenance.commit or "unknown" for record in found.records}),
    }


def _base_section(found: Study, base: str, writer: Writer) -> Page:
    """The transfer table, the scatter and the heat map of one base."""
    slug = writer.slug(base)
    findings = found.findings[base]
    strategies = [finding for finding in findings if finding.expected is None]
    return {
        "name": base,
        "slug": slug,
        "rows": strategies,
        "controls": [finding for finding in findings if finding.expected is not None],
        "groups": _groups(strategies),
        "placed": any(finding.instead_of for finding in findings),
        "csv": writer.table(f"transfer-{slug}", tables.transfer_table(findings)),
        "scatter": writer.figure(f"transfer-{slug}", plots.effect_scatter(findings)),
        "heat": writer.figure(f"effects-{slug}", heat_maps.heat_map(found, base)),
        "area_heat": writer.figure(f"areas-{slug}", heat_maps.heat_map(found, base, "area")),
        "unplaced": [f.label for f in findings if not all(p.effect for p in f.domains.values())],
    }


def _groups(findings: Sequence[Finding]) -> list[tuple[str, list[str]]]:
    """The strategies of every verdict that occurs, in the order of the verdicts."""
    groups = [(v, [f.label for f in findings if f.verdict == v]) for v in verdicts.VERDICTS]
    return [group for group in groups if group[1]]


def _task_section(found: Study, view: TaskView, writer: Writer) -> Page:
    """The table of one task, and its curves and samples on every base."""
    slug = writer.slug("task", view.name)
    frame = tables.task_table(view, found)
    order = in_order({key.base for key in view.shown})
    figures = []
    for base, play in sorted({key[:2] for key in view.shown}, key=lambda k: (order.index(k[0]), k)):
        name = f"{slug}-{writer.slug(*([base, play] if play else [base]))}"
        drawn = curves.learning_curves(view, base, play), samples.samples(view, base, play)
        figures.append(
            {
                "base": f"{base}={play}" if play else base,
                "curves": writer.figure(f"{name}-curves", drawn[0]),
                "samples": writer.figure(f"{name}-samples", drawn[1]),
            }
        )
    return {
        "view": view,
        "slug": slug,
        "rows": frame.sort_values(["rank_low", "rank_high", "cell"]).to_dict("records"),
        "placed": any(cell.instead_of for cell in view.shown.values()),
        "further": [c for c in frame.columns if c.startswith("last_")],
        "csv": writer.table(slug, frame),
        "figures": figures,
        "environments": sorted(
            {c.record.provenance.environment or "" for c in view.shown.values()} - {""}
        ),
    }


def _extension_section(found: Study, writer: Writer) -> Page | None:
    """The tables and maps of all games that have more than verdicts show; None without any."""
    games = extensions.games(found)
    if not games:
        return None
    made = {
        "extensions": tables.extension_table(games),
        "extension-orders": tables.order_table(games),
    }
    maps = {
        base: [
            writer.figure(f"extensions-{writer.slug(base)}-{number}", data)
            for number, data in enumerate(heat_maps.scope_maps(games, base), 1)
        ]
        for base in in_order({table.base for game in games for table in game.tables})
    }
    return {
        "games": [(writer.slug("extension", game.view.name), game) for game in games],
        "csv": {name: writer.table(name, found) for name, found in made.items() if len(found)},
        "maps": {base: figures for base, figures in maps.items() if figures},
        "belongings": belonging.belongings(games, found.boot),
    }


def _environment(escape: bool) -> Environment:
    """Templates that fail on a misspelt name. HTML escapes everything by itself; Markdown does not,
    so every text of a record passes through the filter `md` there."""
    environment = Environment(
        loader=PackageLoader("bench.report"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": tables.number,
        "percent": lambda value: f"{100 * value:.0f} %",
        "p": lambda value: "<0.001" if value < 0.001 else f"{value:.3f}",
        "two": lambda value: f"{value:.2f}" if math.isfinite(value) else tables.number(value),
        "md": markdown,
    }
    environment.filters.update(filters)
    environment.globals["interval"] = tables.interval
    return environment


def markdown(text: object) -> str:
    """Text that is safe in a Markdown table: no HTML, no new cell, no markup, on one line."""
    one_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(one_line))
