"""The front page: sections one below the other, each a function of the site and a template.

A section is shown where its function returns something. To add one, write the function, a template
`front_NAME.html.j2` that finds what it returned as `part`, and a line in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench.report import plots, tables, verdicts
from bench.report.answer import answer
from bench.report.cells import in_order
from bench.report.files import Names
from bench.report.findings import Finding
from bench.report.site import Site, filters
from bench.report.strategy_pages import verdict_row
from bench.report.transfer_parts import table_1_part, transfer_part

Part = dict[str, Any]


class Section(NamedTuple):
    """A section of the front page."""

    name: str  # of its template
    make: Callable[[Site], Part | None]


def answer_part(site: Site) -> Part:
    """The answer in five sentences."""
    return {"sentences": answer(site.study)}


def scatter_part(site: Site) -> Part | None:
    """The scatter of every base that has one; its marks lead to the pages of strategies."""
    bases = []
    for base in site.study.bases:
        findings = site.study.findings[base]
        drawn = plots.effect_scatter(findings)
        scatter = site.writer.figure(f"transfer-{site.writer.slug(base)}", drawn)
        if scatter is None:
            continue
        pages = {finding.label: site.strategy(finding.strategy) for finding in findings}
        marks = [(label, pages[label], *at) for label, *at in scatter.marks]
        missing = [f.label for f in findings if not all(p.effect for p in f.domains.values())]
        bases.append({"name": base, "scatter": scatter, "marks": marks, "unplaced": missing})
    return {"bases": bases} if bases else None


def verdicts_part(site: Site) -> Part | None:
    """The verdicts on every base."""
    ids = Names()
    bases = dict.fromkeys([*site.study.bases, *in_order(site.others.bases)])
    found = [_base(site, base, ids) for base in bases]
    return {"bases": found} if found else None


def _base(site: Site, base: str, ids: Names) -> Part:
    """The verdicts and the files of one base."""
    slug = site.writer.slug(base)
    findings = site.study.findings.get(base, ())
    strategies = [finding for finding in findings if finding.expected is None]
    rows = [verdict_row(site, finding, ids) for finding in findings]
    beside, more = site.others.shown(base, ids)
    return {
        "name": base,
        "slug": slug,
        "rows": rows,
        "beside": beside,
        "more": more,
        "beside_files": site.writer.table(f"beside-{slug}", site.others.table(base))
        if beside
        else None,
        "filters": filters((row["data"] for row in rows + beside), ("submission", "trust")),
        "groups": groups(strategies),
        "files": site.writer.table(f"transfer-{slug}", tables.transfer_table(findings))
        if base in site.study.bases
        else None,
        "removed": any(part.removed for f in findings for part in f.domains.values()),
        "placed": any(f.instead_of for f in findings),
    }


def groups(findings: Sequence[Finding]) -> list[tuple[str, list[str]]]:
    """The strategies of every verdict that occurs, in the order of the verdicts."""
    found = [(v, [f.label for f in findings if f.verdict == v]) for v in verdicts.VERDICTS]
    return [group for group in found if group[1]]


SECTIONS = (
    Section("answer", answer_part),
    Section("scatter", scatter_part),
    Section("table_1", table_1_part),
    Section("transfer", transfer_part),
    Section("verdicts", verdicts_part),
)


def front(site: Site) -> list[tuple[str, Part]]:
    """The template and the content of every section that there is something to show in."""
    made = [(f"front_{section.name}.html.j2", section.make(site)) for section in SECTIONS]
    return [(name, part) for name, part in made if part is not None]
