"""Table 1 of Pfau and Vinyals (2016, arXiv 1610.01945), live: their marks beside what is measured.

They marked which stabilisers had been shown to help GANs and actor-critic methods; six cells were
open, and one has no meaning. Each of the 18 has here an effect with interval and state, on every
base.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pandas as pd

from bench.report.findings import DOMAINS, DomainFinding, Finding, Study
from bench.report.tables import effect_columns

Mark = Literal["yes", "not shown", "n/a"]


class Row(NamedTuple):
    """A row of theirs: its name, what it is called here, and the marks in GANs and in RL."""

    paper: str
    strategies: tuple[str, ...]
    gan: Mark
    rl: Mark


ROWS = (
    Row("freezing learning", ("freeze_learning",), "yes", "yes"),
    Row("label smoothing", ("label_smoothing",), "yes", "not shown"),
    Row("historical averaging", ("historical_averaging",), "yes", "not shown"),
    Row(
        "minibatch discrimination",
        ("minibatch_discrimination", "minibatch_stddev"),
        "yes",
        "not shown",
    ),
    Row("batch normalisation", ("batch_norm_joint", "batch_norm_split"), "yes", "yes"),
    Row("target networks", ("target_network", "lagged_critic"), "n/a", "yes"),
    Row("replay buffers", ("replay", "prioritised"), "not shown", "yes"),
    Row("entropy regularisation", ("entropy",), "not shown", "yes"),
    Row("compatibility", ("compatible_critic",), "not shown", "yes"),
)
"""In their order."""


@dataclass(frozen=True)
class Line:
    """A strategy of a row on one base; no finding where it was not run."""

    row: Row
    strategy: str
    base: str
    finding: Finding | None

    @property
    def contrast(self) -> str:
        """In whose place it is measured, if it is."""
        return " and ".join(self.finding.instead_of) if self.finding else ""

    def mark(self, domain: str) -> Mark:
        """That of 2016."""
        return self.row.gan if domain == "gan" else self.row.rl

    def part(self, domain: str) -> DomainFinding | None:
        """What was measured."""
        return self.finding.domains[domain] if self.finding else None

    def word(self, domain: str) -> str:
        """The measured cell in words: helps, hurts, mixed, equivalent, undetermined, n/a, or ""."""
        part = self.part(domain)
        if part is None or part.state == "missing":
            return ""
        return "n/a" if part.state == "inert" else part.state


def lines(study: Study) -> Iterator[Line]:
    """Every strategy of the table on every base, in their order."""
    for row in ROWS:
        for strategy in row.strategies:
            for base in study.bases:
                own = [f for f in study.findings[base] if f.strategy == strategy]
                plain = [f for f in own if f.label == strategy or f.instead_of]
                yield from (Line(row, strategy, base, finding) for finding in plain)
                if not plain:
                    yield Line(row, strategy, base, None)


def table(study: Study) -> pd.DataFrame:
    """One row per strategy and base; effects, intervals, seeds and states by domain."""
    made = []
    for line in lines(study):
        cells: dict[str, object] = {"paper": line.row.paper, "strategy": line.strategy}
        cells |= {"base": line.base, "instead_of": line.contrast}
        for domain in DOMAINS:
            part = line.part(domain)
            cells |= {f"{domain}_2016": line.mark(domain), f"{domain}_state": line.word(domain)}
            cells |= effect_columns(domain, part.effect if part else None)
        made.append(cells)
    return pd.DataFrame(made)
