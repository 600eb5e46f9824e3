"""Tuned against published settings: whether tuning changes a verdict.

A strategy with tuned settings is compared with its base with tuned settings: both had as many
tries as the budget and their spaces allow. Beside it stands what tuning gains the base alone,
against the published base.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.report import stats
from bench.report.cells import Key
from bench.report.findings import (
    DOMAINS,
    DomainFinding,
    Finding,
    Study,
    counted_tasks,
    counts,
)
from bench.report.tables import effect_columns

TUNED, OPEN = "~tuned", "undetermined"


@dataclass(frozen=True)
class Tuned:
    """One strategy on one base with both settings, or the base itself, which has no verdict."""

    base: str
    label: str  # "" for the base itself
    published: Finding | None
    tuned: Finding | None
    gains: dict[str, stats.Effect]  # domain -> the tuned base against the published one

    @property
    def changed(self) -> bool | None:
        """Whether the verdict is another one; None where one of the two is not there, or open."""
        verdicts = [f.verdict if f else OPEN for f in (self.published, self.tuned)]
        return None if OPEN in verdicts else verdicts[0] != verdicts[1]

    def effect(self, domain: str, settings: str) -> stats.Effect | None:
        """P(better than the base with these settings); of a base, what tuning gains it."""
        if not self.label:
            return self.gains.get(domain) if settings == "tuned" else None
        part = self.part(domain, settings)
        return part.effect if part else None

    def lacks(self, domain: str, settings: str) -> str:
        """Of how many tasks an effect is, if it is not of all that count."""
        found, part = self.effect(domain, settings), self.part(domain, settings)
        if found is None or (part is not None and not part.lacking):
            return ""
        of = len(counted_tasks(domain))
        return f", {len(found.tasks)} of {of} tasks" if len(found.tasks) < of else ""

    def part(self, domain: str, settings: str) -> DomainFinding | None:
        """What is found in a domain with the settings "published" or "tuned"."""
        finding = self.tuned if settings == "tuned" else self.published
        return finding.domains[domain] if finding else None


def compared(study: Study) -> list[Tuned]:
    """Every base with tuned settings, and the strategies with tuned settings on each base."""
    made = []
    for base in study.bases:
        known = {finding.label: finding for finding in study.findings[base]}
        gains = _gains(study, base)
        if gains:
            made.append(Tuned(base, "", None, None, gains))
        for label, finding in known.items():
            if TUNED in label:
                plain = label.replace(TUNED, "", 1)
                made.append(Tuned(base, plain, known.get(plain), finding, {}))
    return made


def _gains(study: Study, base: str) -> dict[str, stats.Effect]:
    """The mean over a domain's counted tasks of P(a run of the tuned base beats a published)."""
    found = {}
    for domain in DOMAINS:
        views = [view for view in study.tasks if view.domain == domain and counts(view)]
        every = [view.effects["final"].get(Key(base, "", TUNED)) for view in views]
        there = [each for each in every if each is not None]
        if there:
            found[domain] = stats.effect(there)
    return found


def table(rows: list[Tuned]) -> pd.DataFrame:
    """One row per strategy and base: effects, intervals, states and verdicts by settings."""
    made = []
    for row in rows:
        cells: dict[str, object] = {"base": row.base, "strategy": row.label}
        for settings in ("published", "tuned"):
            finding = row.tuned if settings == "tuned" else row.published
            cells[f"{settings}_verdict"] = finding.verdict if finding else ""
            for domain in DOMAINS:
                part = row.part(domain, settings)
                cells[f"{settings}_{domain}_state"] = part.state if part else ""
                cells |= effect_columns(f"{settings}_{domain}", row.effect(domain, settings))
        made.append(cells)
    return pd.DataFrame(made)
