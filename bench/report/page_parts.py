"""Parts of pages that are figures and tables alone, and the numbers that sum a study up."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bench.report import belonging, heat_maps, tables, tuning, verdicts
from bench.report.answer import its_records, main_base
from bench.report.cells import IN_PLACE, in_order
from bench.report.findings import Study
from bench.report.searches import budget_curves, search_table
from bench.report.site import Site

Page = dict[str, Any]


def maps(site: Site) -> list[Page]:
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
    """How many cells, seeds and failures verdicts count, and the weakest evidence of the answer.

    `further` cells are in no verdict; where all are so, they are what is summed up.
    """
    records = found.counted or found.records
    runs = [result for record in records for result in record.seeds]
    failed = Counter(result.status for result in runs if result.status != "ok")
    fewest = min(len(record.seeds) for record in records)
    base = main_base(found)
    asked = its_records(found, base)
    least = min(len(record.seeds) for record in asked)
    bases = [len(record.seeds) for record in asked if record.strategy is None]
    return {
        "cells": len(records),
        "further": len(found.records) - len(records),
        "runs": len(runs),
        "failures": sum(result.status != "ok" for result in runs),
        "kinds": [f"{n} {kind}" for kind, n in sorted(failed.items())],
        "fewest": fewest,
        "most": max(len(record.seeds) for record in records),
        "base": base,
        "evidence": verdicts.evidence(least, min(bases, default=least)),
        "missing": sorted({"gan", "rl"} - {record.domain for record in found.counted}),
    }


def tuned(site: Site, shared: Page) -> Page:
    """The searches for settings, and whether what they chose changes a verdict."""
    compared = tuning.compared(site.study)
    searched = budget_curves([shown.search for shown in site.selection.searches])
    table = search_table(site.selection.searches)
    return {
        "rows": shared["searches"],
        "files": site.writer.table("searches", table),
        "curves": site.writer.figure("searches", searched),
        "compared": [(row, site.strategy(row.label.partition(IN_PLACE)[0])) for row in compared],
        "compared_files": site.writer.table("tuned", tuning.table(compared)) if compared else None,
    }


def extensions(site: Site) -> Page:
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
