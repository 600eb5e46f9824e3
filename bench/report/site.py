"""What all pages of a site share: the study, its contrasts, and the addresses of pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from bench.records.record import Record
from bench.report.beside import Others
from bench.report.cells import CellResult, Key, TaskView
from bench.report.contrasts import Contrast, plain_name, submission
from bench.report.extensions import Game
from bench.report.files import Names, TableFiles, Writer
from bench.report.findings import Finding, Study
from bench.report.home import NOT_RUN, Evidence
from bench.report.selection import Selection
from bench.submissions.trust import LEVELS, Level


@dataclass
class Site:
    """A study with its selection, and where its pages, tables and figures are."""

    study: Study
    selection: Selection
    writer: Writer
    games: Sequence[Game]
    contrasts: Sequence[Contrast]
    home: Mapping[str, Evidence]
    notes: Mapping[str, str]  # beside verdicts, from home evidence
    strategies: dict[str, str] = field(default_factory=dict)  # plain name -> address
    tasks: dict[str, str] = field(default_factory=dict)
    players: dict[str, str] = field(default_factory=dict)  # game -> page of its players and orders
    tables: dict[str, TableFiles] = field(default_factory=dict)
    others: Others = field(default_factory=Others)  # whose results stand beside these

    def name_pages(self) -> None:
        """Choose the addresses of all pages of strategies and tasks."""
        shown = {name for name, one in self.home.items() if one.verdict != NOT_RUN}
        strategies, tasks = Names("index"), Names("index")
        for name in sorted({one.strategy for one in self.contrasts} | shown):
            self.strategies[name] = f"strategies/{strategies.slug(name)}.html"
        for view in self.study.tasks:
            self.tasks[view.name] = f"tasks/{tasks.slug(view.name)}.html"
        for game in self.games:
            self.players[game.view.name] = f"tasks/{tasks.slug(game.view.name, 'players')}.html"

    def strategy(self, names: str) -> str:
        """The address of a strategy's page, whatever player it is restricted to; "" for none."""
        return self.strategies.get(plain_name(names), "")

    def of_finding(self, finding: Finding) -> list[Contrast]:
        """The contrasts that a verdict counts."""
        row = self.rows[finding.base][finding.label]
        views = [view for view in self.study.tasks if view.domain in finding.domains]
        keys = [(view.name, view.key(finding.base, row)) for view in views]
        return [self.by_key[key] for key in keys if key in self.by_key]

    @cached_property
    def rows(self) -> dict[str, dict[str, CellResult]]:
        """Base -> label -> one of its cells."""
        return {base: self.study.rows(base) for base in self.study.bases}

    @cached_property
    def by_key(self) -> dict[tuple[str, Key], Contrast]:
        """The contrasts by their place."""
        return {(one.view.name, one.key): one for one in self.contrasts}

    def trust(self, owner: str, record: Record) -> Level:
        """How far one record is trusted."""
        return self.selection.grounds.trust(owner, record) if self.selection.grounds else LEVELS[0]

    def submissions(self, view: TaskView) -> list[str]:
        """Whose cells of a task are shown."""
        return sorted({submission(view, cell) for cell in view.cells.values()} - {""})


class Filter(NamedTuple):
    """A choice above a table: the attribute of rows that it is about, its label, the values."""

    name: str
    label: str
    options: list[str]


LABELS = {
    "domain": "Domain",
    "task": "Task",
    "failure": "Failure mode",
    "base": "Base",
    "contrast": "Contrast",
    "verdict": "Verdict",
    "state": "Result",
    "born": "Born in",
    "submission": "Submission",
    "trust": "Trust",
    "evidence": "Evidence",
}
"""What tables can be filtered by, in this order."""

Data = Mapping[str, Iterable[str]]
"""The values of a row by which it can be found."""


def filters(rows: Iterable[Data], names: Iterable[str] = LABELS) -> list[Filter]:
    """A filter for everything in which rows differ, of these names."""
    rows = list(rows)
    found = []
    for name, label in ((name, LABELS[name]) for name in names):
        options = {value for row in rows for value in row.get(name, ()) if value}
        if len(options) > 1:
            found.append(Filter(name, label, sorted(options)))
    return found


class Paragraph(NamedTuple):
    """A paragraph of a docstring; `block` keeps its lines, as a formula or a list does."""

    text: str
    block: bool


def paragraphs(text: str) -> list[Paragraph]:
    """A docstring in paragraphs."""
    parts = [part for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    return [
        Paragraph(part if block else " ".join(part.split()), block)
        for part in parts
        for block in [part.startswith("    ") or "\n- " in part or part.startswith("- ")]
    ]
