"""The page of submissions: whose the records are, how they were made, and what is left out."""

from __future__ import annotations

from typing import Any

from bench.records.record import Record
from bench.report import tables
from bench.report.beside import MEANINGS, Beside
from bench.report.contrasts import submission
from bench.report.files import Names
from bench.report.findings import Finding
from bench.report.grounds import lowest
from bench.report.site import Site
from bench.report.strategy_pages import verdict_row
from bench.report.verdicts import evidence


def page(site: Site) -> dict[str, Any]:
    """One row per submission, one per set-up, and every record and search that is not shown."""
    provenance = tables.provenance_table(site.study)
    own = rows(site)
    names = {*(row["name"] for row in own), *(one.name for one in site.others.beside)}
    return {
        "rows": own,
        "beside": [
            one.about
            | {"site": f"{one.address}index.html", "withdrawn": _withdrawn(site, one.name)}
            for one in site.others.beside
        ],
        "left_out": site.others.left_out,
        "withdrawn": site.others.standing.withdrawn,
        "meanings": MEANINGS,
        "reasons": {n: why for n, why in sorted(site.others.reasons.items()) if n in names},
        "provenance": provenance.to_dict("records"),
        "files": site.writer.table("provenance", provenance),
        "dirty": any(record.provenance.dirty for record in site.study.records),
        "ignored": site.selection.ignored,
    }


def rows(site: Site) -> list[dict[str, Any]]:
    """How many cells of each submission are shown, of what, and with how many seeds."""
    owned: dict[str, list[Record]] = {}
    for view in site.study.tasks:
        for cell in view.cells.values():
            owned.setdefault(submission(view, cell), []).append(cell.record)
    ids = Names()
    found = []
    for name, records in sorted(owned.items()):
        counts = [len(record.seeds) for record in records]
        bases = [len(record.seeds) for record in records if record.strategy is None]
        found.append(
            {
                "id": ids.slug("submission", name),
                "name": name,
                "cells": len(records),
                "tasks": sorted({record.task for record in records}),
                "strategies": sorted({record.strategy or "" for record in records} - {""}),
                "seeds": (min(counts), max(counts)),
                "runs": sum(counts),
                "failures": sum(r.status != "ok" for record in records for r in record.seeds),
                "evidence": evidence(min(counts), min(bases, default=0)),
                "trust": lowest(site.trust(name, record) for record in records),
                "withdrawn": _withdrawn(site, name),
                "commits": sorted({r.provenance.commit or "unknown" for r in records}),
            }
        )
    return found


def _withdrawn(site: Site, name: str) -> int:
    """How many withdrawals are of a submission's cells."""
    return sum(each.what.split("/")[1] == name for each in site.others.standing.withdrawn)


def _says(finding: Finding) -> bool:
    """Whether it is worth a row beside others: a strategy, with an effect in some domain."""
    return not finding.expected and any(part.effect for part in finding.domains.values())


def beside(site: Site, name: str) -> Beside:
    """What the main site shows of a submission that has this site of its own."""
    (about,) = rows(site)
    ids = Names()
    return Beside(
        name,
        about,
        {
            base: [verdict_row(site, finding, ids) for finding in found if _says(finding)]
            for base, found in site.study.findings.items()
        },
    )
