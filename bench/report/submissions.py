"""The page of submissions: whose the records are, how they were made, and what is left out."""

from __future__ import annotations

from typing import Any

from bench.records.record import Record
from bench.report import tables
from bench.report.contrasts import submission
from bench.report.files import Names
from bench.report.site import Site
from bench.report.verdicts import evidence


def page(site: Site) -> dict[str, Any]:
    """One row per submission, one per set-up, and every record and search that is not shown."""
    provenance = tables.provenance_table(site.study)
    return {
        "rows": rows(site),
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
                "commits": sorted({r.provenance.commit or "unknown" for r in records}),
            }
        )
    return found
