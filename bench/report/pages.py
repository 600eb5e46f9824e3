"""Writes the report: index.html, CSV tables, PNG figures and LEADERBOARD.md.

The same records give the same bytes: nothing here reads a clock, a host name or a random source
other than the bootstrap's own.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.experiment import costs
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.record import Record
from bench.report import curves, plots, stats, tables
from bench.report.findings import DOMAIN_NAMES, DOMAINS, Finding, Study, TaskView, study
from bench.report.searches import Shown, budget_curves, search_table
from bench.report.style import VERDICT_STYLE

Page = dict[str, Any]


def build_report(
    records: list[Record],
    out: Path,
    leaderboard: Path | None,
    searches: Sequence[Shown] = (),
    ignored: Sequence[tuple[str, str]] = (),
) -> list[Path]:
    """Write the report below `out` and, if a path is given, the leaderboard; returns all paths.

    `records` are in the order in which they are believed: of several records of one cell the first
    is shown, and the others are listed as ignored, with what else is `ignored` and why. Raises
    `ValueError` if there is nothing to report.
    """
    found = study(records)
    writer = _Writer(out)
    chosen = search_table(searches)
    page = {
        "protocol": PROTOCOL_VERSION,
        "stats": stats,
        "costs": costs,
        "domains": DOMAINS,
        "domain_names": DOMAIN_NAMES,
        "styles": VERDICT_STYLE,
        "study": found,
        "summary": summary(found),
        "bases": [_base_section(found, base, writer) for base in found.bases],
        "base_curves": writer.figure("bases", curves.base_curves(found)),
        "tasks": [_task_section(found, view, writer) for view in found.tasks],
        "searches": chosen.to_dict("records"),
        "search_curves": writer.figure("searches", budget_curves([s.search for s in searches])),
        "ignored": [*found.ignored, *ignored],
        "provenance": tables.provenance_table(found).to_dict("records"),
    }
    if searches:
        writer.table("searches", chosen)
    writer.table("provenance", tables.provenance_table(found))
    writer.text(out / "index.html", _environment(True).get_template("index.html.j2").render(page))
    if leaderboard is not None:
        text = _environment(False).get_template("leaderboard.md.j2").render(page)
        writer.text(leaderboard, re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n")
    return writer.written


def summary(found: Study) -> Page:
    """How many cells, seeds and failures there are, and what the weakest evidence is."""
    records = found.records
    runs = [result for record in records for result in record.seeds]
    fewest = min(len(record.seeds) for record in records)
    return {
        "cells": len(records),
        "runs": len(runs),
        "failures": sum(result.status != "ok" for result in runs),
        "fewest": fewest,
        "most": max(len(record.seeds) for record in records),
        "evidence": stats.evidence(fewest),
        "missing": sorted({"gan", "rl"} - {record.domain for record in records}),
        "dirty": any(record.provenance.dirty for record in records),
        "commits": sorted({record.provenance.commit or "unknown" for record in records}),
    }


class _Writer:
    """Writes files and remembers them; a name from a record never leaves the folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.written: list[Path] = []
        self.names: dict[tuple[str, ...], str] = {}

    def text(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self.written.append(path)

    def table(self, name: str, frame: pd.DataFrame) -> str:
        path = self.out / "tables" / f"{name}.csv"
        self.text(path, frame.to_csv(index=False, lineterminator="\n"))
        return path.relative_to(self.out).as_posix()

    def figure(self, name: str, data: bytes | None) -> str | None:
        """Write a PNG; its data URL, or None for a figure that does not exist."""
        if data is None:
            return None
        path = self.out / "figures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.written.append(path)
        return "data:image/png;base64," + base64.b64encode(data).decode()

    def slug(self, *parts: str) -> str:
        """A file name and HTML id for parts that may hold anything; distinct for distinct parts."""
        if parts not in self.names:
            name = "-".join(
                re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") or "x" for part in parts
            )
            name, number = name[:60], 1
            while name.lower() in {known.lower() for known in self.names.values()}:
                number += 1
                name = f"{name[:56]}-{number}"
            self.names[parts] = name
        return self.names[parts]


def _base_section(found: Study, base: str, writer: _Writer) -> Page:
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
        "csv": writer.table(f"transfer-{slug}", tables.transfer_table(findings)),
        "scatter": writer.figure(f"transfer-{slug}", plots.effect_scatter(findings)),
        "heat": writer.figure(f"effects-{slug}", plots.heat_map(found, base)),
        "unplaced": [f.label for f in findings if not all(p.effect for p in f.domains.values())],
    }


def _groups(findings: Sequence[Finding]) -> list[tuple[str, list[str]]]:
    """The strategies of every verdict that occurs, in the order of the verdicts."""
    groups = [(v, [f.label for f in findings if f.verdict == v]) for v in stats.VERDICTS]
    return [group for group in groups if group[1]]


def _task_section(found: Study, view: TaskView, writer: _Writer) -> Page:
    """The table of one task, and its curves and samples on every base."""
    slug = writer.slug("task", view.name)
    frame = tables.task_table(view, found)
    bases = [base for base in found.bases if any(key[0] == base for key in view.cells)]
    figures = []
    for base in bases:
        name = f"{slug}-{writer.slug(base)}"
        figures.append(
            {
                "base": base,
                "curves": writer.figure(f"{name}-curves", curves.learning_curves(view, base)),
                "samples": writer.figure(f"{name}-samples", curves.samples(view, base)),
            }
        )
    return {
        "view": view,
        "slug": slug,
        "rows": frame.sort_values(["rank_low", "rank_high", "cell"]).to_dict("records"),
        "further": [c for c in frame.columns if c.startswith("last_")],
        "csv": writer.table(slug, frame),
        "figures": figures,
        "environments": sorted(
            {c.record.provenance.environment or "" for c in view.cells.values()} - {""}
        ),
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
        "two": lambda value: f"{value:.2f}",
        "md": markdown,
    }
    environment.filters.update(filters)
    environment.globals["interval"] = tables.interval
    return environment


def markdown(text: object) -> str:
    """Text that is safe in a Markdown table: no HTML, no new cell, no markup, on one line."""
    one_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(one_line))
