"""Writes the report: a site of static pages with tables and figures, and LEADERBOARD.md.

The same records give the same bytes: nothing here reads a clock, a host name or a random source
other than the bootstrap's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.experiment import costs, registry
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.learner.task import TIE
from bench.records.record import Record
from bench.report import (
    bases,
    contrasts,
    curves,
    extensions,
    home,
    looks,
    page_parts,
    pair_tables,
    references,
    strategy_pages,
    submissions,
    table_1,
    task_pages,
    tuning,
    verdicts,
)
from bench.report.answer import answer, base_command
from bench.report.beside import FOLDER, Beside, Others
from bench.report.cells import DOMAIN_NAMES
from bench.report.files import Writer, remove_stale
from bench.report.findings import DOMAINS, study
from bench.report.front import front
from bench.report.parties import FAULTS, fault
from bench.report.rendering import environment
from bench.report.searches import search_table
from bench.report.selection import Ignored, Selection, ShownSearch, one_per_cell
from bench.report.site import Site
from bench.report.style import VERDICT_STYLE, screen_only

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
    *,
    strangers: Mapping[str, Selection] | None = None,
    others: Others | None = None,
) -> list[Path]:
    """Write the site below `out`, and the leaderboard; returns all paths.

    If there is an `own` submission, the site shows that one alone, and a second one below
    `out/studies` the others, if there are any. The leaderboard is that of the studies, or else of
    the own submission. Each selection that is given has at least one record. `at_home` are the
    records of home evidence, which stands beside verdicts and is part of none. Each of the
    `strangers`, by name, has a site below that of the studies, which shows their findings beside
    its own; `others` says what else there is to say of them, and is told of those that cannot be
    reported. What an earlier report left in the folder is removed.
    """
    evidence = home.evidence(at_home)
    links: Page = {"own": own[0] if own else None, "other": None, "stranger": None}
    written: list[Path] = []
    if own is not None:
        there = links | {"other": f"{STUDIES}/{INDEX}"} if studies else links
        board = None if studies else leaderboard
        written += _write_site(own[1], Writer(out), board, there, evidence)
    if studies is not None:
        folder = out if own is None else out / STUDIES
        back: Page = links | {"own": None, "other": f"../{INDEX}" if own else None}
        beside, paths = _write_strangers(strangers or {}, folder, others or Others())
        written += (
            _write_site(studies, Writer(folder), leaderboard, back, evidence, others=beside) + paths
        )
    assert written, "there is nothing to report"
    remove_stale(out, written)
    return written


def _write_strangers(
    strangers: Mapping[str, Selection], out: Path, others: Others
) -> tuple[Others, list[Path]]:
    """The sites of strangers, one by one; what the main site shows of them, and all paths.

    A submission whose numbers cannot be reported is left out, and stops nothing.
    """
    found: list[Beside] = []
    written: list[Path] = []
    for name, selection in strangers.items():
        writer = Writer(out / FOLDER / name)
        try:
            site = _site(selection, writer, {})
            links = {"own": None, "other": f"../../{INDEX}", "stranger": name}
            with screen_only():
                _write_all(site, links)
            found.append(submissions.beside(site, name))
            written += writer.written
        except FAULTS as error:
            others.left_out[name] = fault(error)
            for path in writer.written:
                path.unlink(missing_ok=True)
    return replace(others, beside=found), written


def _write_site(
    selection: Selection,
    writer: Writer,
    leaderboard: Path | None,
    links: Page,
    evidence: dict[str, home.Evidence],
    *,
    others: Others | None = None,
) -> list[Path]:
    """One site. `links` says whose it is, and where the other one is."""
    site = _site(selection, writer, evidence)
    site.others = others or site.others
    shared = _write_all(site, links)
    if leaderboard is not None:
        rows, more = site.others.first()
        base = shared["summary"]["base"]
        measured = [line for line in table_1.lines(site.study) if line.base == base]
        page = shared | {"sentences": answer(site.study), "beside": rows, "more": more}
        page["table_1"] = measured if site.study.findings.get(base) else []
        page["tuned"] = tuning.compared(site.study)
        page["base_command"] = base_command(site.study)
        text = environment("markdown").get_template("leaderboard.md.j2").render(page)
        leaderboard.parent.mkdir(parents=True, exist_ok=True)
        tidy = re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"
        leaderboard.write_text(tidy, encoding="utf-8", newline="\n")
        writer.written.append(leaderboard)
    return writer.written


def _write_all(site: Site, links: Page) -> Page:
    """All files of a site; returns what its pages share."""
    shared = _shared(site) | links
    _write_pages(site, shared)
    sources = [
        registry.strategies()[n].source for n in site.strategies if n in registry.strategies()
    ]
    site.writer.page(BIBLIOGRAPHY, references.bibliography(sources))
    style = environment("html").get_template("style.css.j2").render(shared)
    site.writer.page("assets/site.css", style)
    site.writer.assets(*SCRIPTS)
    return shared


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
        _page(site, shared, "extensions.html", "extensions", page_parts.extensions(site))
    if site.selection.searches:
        _page(site, shared, "tuned.html", "tuned", page_parts.tuned(site, shared))
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
        "summary": page_parts.summary(site.study),
        "counted": bases.bases_table(site.study.tasks).to_dict("records"),
        "searches": chosen.to_dict("records"),
        "maps": page_parts.maps(site),
        "pairs": pair_tables.section(site.study, site.writer),
    }
