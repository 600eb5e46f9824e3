"""Writes the report: a site of static pages with tables and figures, and LEADERBOARD.md.

The same records give the same bytes: nothing here reads a clock, a host name or a random source
other than the bootstrap's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.experiment import costs, registry
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.task import TIE
from bench.records.record import Record
from bench.report import (
    bases,
    belonging,
    contrasts,
    curves,
    extensions,
    heat_maps,
    home,
    looks,
    pair_tables,
    references,
    strategy_pages,
    submissions,
    tables,
    task_pages,
    verdicts,
)
from bench.report.answer import answer
from bench.report.cells import DOMAIN_NAMES, in_order
from bench.report.files import Writer, remove_stale
from bench.report.findings import DOMAINS, Study, study
from bench.report.front import front
from bench.report.rendering import environment
from bench.report.searches import budget_curves, search_table
from bench.report.selection import Ignored, Selection, ShownSearch, one_per_cell
from bench.report.site import Site
from bench.report.style import VERDICT_STYLE

INDEX, STUDIES = "index.html", "studies"
SCRIPTS = ("tablesort.min.js", "tablesort.LICENSE.txt", "site.js")
BIBLIOGRAPHY = "references.bib"

Page = dict[str, Any]


def build_report(
    records: list[Record],
    out: Path,
    leaderboard: Path | None,
    searches: Sequence[ShownSearch] = (),
    ignored: Sequence[Ignored] = (),
) -> list[Path]:
    """Write one site below `out`, and the leaderboard if a path is given.

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
    """Write the site below `out`, and the leaderboard; returns all paths.

    If there is an `own` submission, the site shows that one alone, and a second one below
    `out/studies` the others, if there are any. The leaderboard is that of the studies, or else of
    the own submission. Each selection that is given has at least one record. `at_home` are the
    records of home evidence, which stands beside verdicts and is part of none. What an earlier
    report left in the folder is removed.
    """
    evidence = home.evidence(at_home)
    links: Page = {"own": own[0] if own else None, "other": None}
    if own is None:
        assert studies is not None, "there is nothing to report"
        written = _write_site(studies, Writer(out), leaderboard, links, evidence)
    elif studies is None:
        written = _write_site(own[1], Writer(out), leaderboard, links, evidence)
    else:
        there = links | {"other": f"{STUDIES}/{INDEX}"}
        back: Page = {"own": None, "other": f"../{INDEX}"}
        written = _write_site(own[1], Writer(out), None, there, evidence)
        written += _write_site(studies, Writer(out / STUDIES), leaderboard, back, evidence)
    remove_stale(out, written)
    return written


def _write_site(
    selection: Selection,
    writer: Writer,
    leaderboard: Path | None,
    links: Page,
    evidence: dict[str, home.Evidence],
) -> list[Path]:
    """One site. `links` says whose it is, and where the other one is."""
    site = _site(selection, writer, evidence)
    shared = _shared(site) | links
    _write_pages(site, shared)
    sources = [
        registry.strategies()[n].source for n in site.strategies if n in registry.strategies()
    ]
    writer.page(BIBLIOGRAPHY, references.bibliography(sources))
    writer.page("assets/site.css", environment("html").get_template("style.css.j2").render(shared))
    writer.assets(*SCRIPTS)
    if leaderboard is not None:
        text = (
            environment("markdown")
            .get_template("leaderboard.md.j2")
            .render(shared | {"sentences": answer(site.study)})
        )
        leaderboard.parent.mkdir(parents=True, exist_ok=True)
        tidy = re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"
        leaderboard.write_text(tidy, encoding="utf-8", newline="\n")
        writer.written.append(leaderboard)
    return writer.written


def _site(selection: Selection, writer: Writer, evidence: dict[str, home.Evidence]) -> Site:
    """What all pages share, with the tables that hold everything."""
    found = study(selection.records, grounds=selection.grounds)
    games = extensions.games(found)
    every = contrasts.contrasts(found, games)
    site = Site(found, selection, writer, games, every, evidence, home.notes(evidence))
    site.name_pages()
    site.tables["runs"] = writer.table("runs", contrasts.run_table(found))
    site.tables["contrasts"] = writer.table("contrasts", contrasts.contrast_table(every))
    return site


def _write_pages(site: Site, shared: Page) -> None:
    """Every page of the site."""
    counted = {row["task"]: row for row in shared["counted"]}
    _page(site, shared, INDEX, "front", {"sections": front(site)})
    _page(site, shared, "strategies/index.html", "strategies", strategy_pages.index(site))
    for name, address in site.strategies.items():
        _page(site, shared, address, "strategy", strategy_pages.page(site, name))
    tasks = task_pages.index(site, counted)
    tasks["curves"] = site.writer.figure("bases", curves.base_curves(site.study))
    _page(site, shared, "tasks/index.html", "tasks", tasks)
    for view in site.study.tasks:
        content = task_pages.page(site, view, counted.get(view.name))
        _page(site, shared, site.tasks[view.name], "task", content)
    for game in site.games:
        _page(site, shared, site.players[game.view.name], "players", task_pages.players(game))
    if shared["maps"]:
        _page(site, shared, "effects.html", "effects", {})
    if shared["pairs"]:
        _page(site, shared, "pairs.html", "pairs", {})
    if site.games:
        _page(site, shared, "extensions.html", "extensions", _extensions(site))
    if site.selection.searches:
        _page(site, shared, "tuned.html", "tuned", _tuned(site, shared))
    _page(site, shared, "submissions.html", "submissions", submissions.page(site))
    _page(site, shared, "method.html", "method", {"tables": site.tables, "bib": BIBLIOGRAPHY})


def _page(site: Site, shared: Page, address: str, template: str, content: Page) -> None:
    """One page. `root` leads from it to the site's folder."""
    page = shared | content | {"root": "../" * address.count("/"), "here": address}
    text = environment("html").get_template(f"{template}.html.j2").render(page)
    site.writer.page(address, text)


def _shared(site: Site) -> Page:
    """What every template may show."""
    chosen = search_table(site.selection.searches)
    return {
        "protocol": PROTOCOL_VERSION,
        "verdicts": verdicts,
        "looks": looks,
        "tie": TIE,
        "costs": costs,
        "domains": DOMAINS,
        "domain_names": DOMAIN_NAMES,
        "styles": VERDICT_STYLE,
        "all_players": extensions.ALL,
        "site": site,
        "study": site.study,
        "notes": site.notes,
        "summary": summary(site.study),
        "counted": bases.bases_table(site.study.tasks).to_dict("records"),
        "searches": chosen.to_dict("records"),
        "maps": _maps(site),
        "pairs": pair_tables.section(site.study, site.writer),
    }


def _maps(site: Site) -> list[Page]:
    """The heat maps of every base that has effects."""
    found = []
    for base in site.study.bases:
        slug = site.writer.slug(base)
        final = site.writer.figure(f"effects-{slug}", heat_maps.heat_map(site.study, base))
        area = site.writer.figure(f"areas-{slug}", heat_maps.heat_map(site.study, base, "area"))
        if final is not None:
            placed = any(finding.instead_of for finding in site.study.findings[base])
            found.append({"base": base, "final": final, "area": area, "placed": placed})
    return found


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
    }


def _tuned(site: Site, shared: Page) -> Page:
    """The searches for settings."""
    searched = budget_curves([shown.search for shown in site.selection.searches])
    table = search_table(site.selection.searches)
    return {
        "rows": shared["searches"],
        "files": site.writer.table("searches", table),
        "curves": site.writer.figure("searches", searched),
    }


def _extensions(site: Site) -> Page:
    """The tables and maps of all games that have more than verdicts show."""
    made = {
        "extensions": tables.extension_table(site.games),
        "extension-orders": tables.order_table(site.games),
    }
    maps = {
        base: [
            site.writer.figure(f"extensions-{site.writer.slug(base)}-{number}", data)
            for number, data in enumerate(heat_maps.scope_maps(site.games, base), 1)
        ]
        for base in in_order({table.base for game in site.games for table in game.tables})
    }
    return {
        "games": site.games,
        "files": {
            name: site.writer.table(name, found) for name, found in made.items() if len(found)
        },
        "scope_maps": {base: figures for base, figures in maps.items() if figures},
        "belongings": belonging.belongings(site.games, site.study.boot),
    }
