"""What stands beside the verdicts: findings of submissions that are not the maintainers'.

Each has a site of its own, made from its records alone; here are the rows that the main site shows
of it. Nothing of the main site is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bench.report import tables, verdicts
from bench.report.files import Names
from bench.report.findings import Finding
from bench.submissions.standing import Standing
from bench.submissions.trust import LEVELS, Level

Row = dict[str, Any]

FOLDER = "submissions"
MOST = 40
"""How many rows a table of the main site shows: pages stay light, whatever is submitted."""

MEANINGS: dict[Level, str] = {
    "self-reported": "it is valid; nobody else has run or checked it",
    "canary-passed": "numbers in it that its maker could not choose are right",
    "spot-checked": "five cells or more (all, if there were fewer), drawn by chance of cells of "
    "which it was one, were run again, and all agree",
    "reproduced": "this very cell was run again, with its first ten seeds, and agrees",
}
"""What is known of a record at each level, as in results/README.md."""


@dataclass(frozen=True)
class Beside:
    """What the main site shows of one submission."""

    name: str
    about: Row  # its row on the page of submissions
    rows: Mapping[str, Sequence[Row]]  # base -> its findings without controls, as in its own site

    @property
    def address(self) -> str:
        """Of its site, below the main one's folder."""
        return f"{FOLDER}/{self.name}/"


@dataclass(frozen=True)
class Others:
    """All of them, why some have no site, and the maintainers' list."""

    beside: Sequence[Beside] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    reasons: Mapping[str, str] = field(default_factory=dict)  # submission -> what is known of it

    @property
    def bases(self) -> set[str]:
        """On which they have findings."""
        return {base for one in self.beside for base, rows in one.rows.items() if rows}

    def rows(self, base: str) -> list[Row]:
        """Their findings on a base: the most trusted first, then those with a verdict."""
        found = [
            row
            | {
                "owner": one.name,
                "trust": row["data"]["trust"][0],
                "site": f"{one.address}index.html",
                "page": f"{one.address}{row['page']}",
            }
            for one in self.beside
            for row in one.rows.get(base, ())
        ]
        order = {name: index for index, name in enumerate(verdicts.VERDICTS)}
        found.sort(
            key=lambda row: (
                -LEVELS.index(row["trust"]),
                order[row["finding"].verdict],
                row["label"],
                row["owner"],
            )
        )
        return found

    def shown(self, base: str, ids: Names) -> tuple[list[Row], int]:
        """The first rows, with ids for a page on which others are, and how many there are more."""
        every = self.rows(base)
        first = [row | {"id": ids.slug(base, row["label"], row["owner"])} for row in every[:MOST]]
        return first, len(every) - len(first)

    def first(self) -> tuple[list[Row], int]:
        """The first rows of all bases, and how many there are more."""
        every = [row for base in sorted(self.bases) for row in self.rows(base)]
        return every[:MOST], len(every[MOST:])

    def of(self, strategy: str) -> list[Row]:
        """The first rows of a strategy, or of several together."""
        every = [row for base in sorted(self.bases) for row in self.rows(base)]
        return [row for row in every if row["finding"].strategy == strategy][:MOST]

    def table(self, base: str) -> pd.DataFrame:
        """All of them, as the table of verdicts, and whose they are."""
        rows = self.rows(base)
        findings: list[Finding] = [row["finding"] for row in rows]
        frame = tables.transfer_table(findings)
        frame.insert(0, "submission", [row["owner"] for row in rows])
        frame.insert(1, "trust", [row["trust"] for row in rows])
        return frame
