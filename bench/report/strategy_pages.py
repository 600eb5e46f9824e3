"""Pages of strategies: an index with verdicts, and for each what it is and all that it did."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from bench.experiment import costs, registry
from bench.records.record import Record
from bench.records.search_space import choice_text
from bench.report import references
from bench.report.cells import DOMAIN_NAMES
from bench.report.contrasts import Contrast, failure_mode
from bench.report.files import Names, Picture
from bench.report.findings import DOMAINS, Finding
from bench.report.grounds import lowest
from bench.report.site import Data, Site, filters, paragraphs
from bench.report.small_curves import strategy_curves
from bench.report.tables import command

Row = dict[str, Any]
HOMES = {"gan": "GAN", "rl": "RL", "both": "GAN and RL", "control": "control"}


def index(site: Site) -> dict[str, Any]:
    """The verdicts of all strategies on all bases, and those that have none."""
    ids = Names()
    every = [finding for found in site.study.findings.values() for finding in found]
    rows = [verdict_row(site, finding, ids) for finding in every]
    judged = {row["page"] for row in rows}
    for name, address in site.strategies.items():
        if address not in judged:
            rows.append(_unjudged(site, name, ids))
    return {"rows": rows, "filters": filters(row["data"] for row in rows)}


def verdict_row(site: Site, finding: Finding, ids: Names) -> Row:
    """A finding, where its strategy's page is, and what the row can be found by."""
    counted = site.of_finding(finding)
    data: Data = {
        "base": [finding.base],
        "verdict": [finding.verdict],
        "evidence": [finding.evidence],
        "born": [_born(finding.strategy)],
        "domain": [DOMAIN_NAMES[d] for d in DOMAINS if finding.domains[d].effect],
        "task": sorted({one.view.name for one in counted}),
        "failure": sorted({failure_mode(one.view.name) for one in counted}),
        "submission": sorted({one.submission for one in counted}),
        "trust": [lowest(one.trust for one in counted)],
    }
    return {
        "id": ids.slug(finding.base, finding.label),
        "label": finding.label,
        "finding": finding,
        "page": site.strategy(finding.strategy),
        "note": site.notes.get(finding.strategy, ""),
        "data": data,
    }


def _unjudged(site: Site, name: str, ids: Names) -> Row:
    """A strategy without a verdict: it has been run at home alone, or in games that count not."""
    own = [one for one in site.contrasts if one.strategy == name]
    data: Data = {
        "verdict": ["no verdict"],
        "born": [_born(name)],
        "domain": sorted({DOMAIN_NAMES[one.view.domain] for one in own}),
        "task": sorted({one.view.name for one in own}),
        "submission": sorted({one.submission for one in own}),
        "trust": [lowest(one.trust for one in own)] if own else [],
    }
    page, note = site.strategies[name], site.notes.get(name, "")
    row = {"id": ids.slug("none", name), "label": name, "finding": None}
    return row | {"page": page, "note": note, "data": data}


def _born(strategy: str) -> str:
    """The field in which an idea originated; "" where that is not known."""
    known = registry.strategies().get(strategy)
    return HOMES[known.home] if known is not None else ""


def page(site: Site, name: str) -> dict[str, Any]:
    """All that there is of one strategy, or of several together."""
    own = [one for one in site.contrasts if one.strategy == name]
    ids = Names()
    rows: list[Row] = [
        {"id": ids.slug(*_place(one)), "one": one, "data": _data(one)} for one in own
    ]
    return {
        "name": name,
        "together": [n for n in site.strategies if name in n.split("+") and n != name],
        "parts": [_definition(site, part) for part in name.split("+")],
        "judged": [
            verdict_row(site, finding, ids)
            for base in site.study.bases
            for finding in site.study.findings[base]
            if site.strategy(finding.strategy) == site.strategies[name]
        ],
        "beside": site.others.of(name),
        "home": site.home.get(name),
        "rows": rows,
        "filters": filters(row["data"] for row in rows),
        "curves": _curves(site, name, own),
        "cost": costs.of(name),
        "settings": _settings(own),
        "commands": _commands([one.cell.record for one in own]),
        "failed": _failed(own),
    }


def _place(one: Contrast) -> tuple[str, str]:
    return one.view.name, one.cell.record.cell


def _data(one: Contrast) -> Data:
    return {
        "domain": [DOMAIN_NAMES[one.view.domain]],
        "task": [one.view.name],
        "failure": [failure_mode(one.view.name)],
        "base": [one.key.base],
        "contrast": [one.kind],
        "state": [one.state],
        "submission": [one.submission],
        "trust": [one.trust],
        "evidence": [one.evidence],
    }


def _definition(site: Site, name: str) -> dict[str, Any]:
    """What a strategy is, from its file; just its name if it is not known here."""
    known = registry.strategies().get(name)
    if known is None:
        return {"name": name, "known": False, "page": site.strategy(name)}
    return {
        "name": name,
        "known": True,
        "page": site.strategy(name),
        "born": HOMES[known.home],
        "doc": paragraphs(inspect.getdoc(known.factory) or ""),
        "source": references.linked(known.source),
        "bibtex": "\n".join(references.entries(known.source).values()),
        "instead_of": known.instead_of,
        "defaults": _defaults(known),
    }


def _defaults(known: registry.StrategyEntry) -> list[tuple[str, str]]:
    """The published settings, "" of all tasks, and of the domains and tasks that have others."""
    parameters = inspect.signature(known.factory).parameters
    everywhere = {name: parameter.default for name, parameter in parameters.items()}
    special = getattr(known.module, "DEFAULTS", {})
    found = [("", everywhere), *((DOMAIN_NAMES.get(k, k), own) for k, own in special.items())]
    return [(scope, choice_text({known.name: own})) for scope, own in found if own]


def _curves(site: Site, name: str, own: Sequence[Contrast]) -> Picture | None:
    """The file with its learning curves."""
    if not own:
        return None
    svg, width, height = strategy_curves(own)
    path = site.writer.out / "figures" / f"{site.writer.slug('strategy', name)}-curves.svg"
    return Picture(site.writer.data(path, svg.encode("utf-8")), width, height)


def _settings(own: Sequence[Contrast]) -> list[tuple[str, list[str]]]:
    """The settings of all its strategies that records were made with, and on which tasks."""
    found: dict[str, dict[str, None]] = {}
    for one in own:
        record = one.cell.record
        names = set(one.strategy.split("+"))
        chosen = {key: value for key, value in record.settings.items() if plain(key) in names}
        found.setdefault(choice_text(chosen), {})[record.task] = None
    return [(text, list(tasks)) for text, tasks in found.items() if text]


def plain(name: str) -> str:
    """A strategy's name without the player that it is restricted to."""
    return name.partition("@")[0]


def _commands(records: Iterable[Record]) -> list[str]:
    """The commands that make these records again, each for as many tasks as it can."""
    alike: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        key = (record.base, record.strategy, record.instead_of, record.play, record.settings_from)
        alike.setdefault((*key, len(record.planned_seeds)), []).append(record)
    return list(
        dict.fromkeys(
            command(found[0], list(dict.fromkeys(record.task for record in found)))
            for found in alike.values()
        )
    )


def _failed(own: Sequence[Contrast]) -> tuple[int, int, int, int]:
    """Failed runs and all runs, of the cells with the strategy, and of what they are against."""
    pairs = [(one.cell, one.ground) for one in own if one.ground is not None]
    cells, grounds = [cell for cell, _ in pairs], [ground for _, ground in pairs]
    return (
        sum(cell.failures for cell in cells),
        sum(len(cell.record.seeds) for cell in cells),
        sum(cell.failures for cell in grounds),
        sum(len(cell.record.seeds) for cell in grounds),
    )
