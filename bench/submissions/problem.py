"""A problem of a submission: the file, the rule that it breaks, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Rule = Literal[
    "form",
    "closed list",
    "place",
    "name",
    "code",
    "seeds",
    "curve",
    "range",
    "summary",
    "provenance",
    "search",
    "canary",
    "copy",
    "merged record",
    "manifest",
    "check",
]

WHAT_TO_DO: dict[Rule, str] = {
    "form": "a file is written by `python -m bench run`, `tune` or `submit` and never by hand",
    "closed list": "a submission holds submission.yaml, TASK/CELL.json and TASK/CELL.search.json "
    "and nothing else: take everything else out",
    "place": "copy the folder as a whole to results/PROTOCOL/NAME, as `submit` does",
    "name": "run the cell by the name that `python -m bench run --dry-run` gives it",
    "code": "merge main and run the same command again: just the cells that changed are run",
    "seeds": "run the cell again: seeds are 0, 1, 2, ... and none is left out",
    "curve": "run the cell again: curves have the task's evaluations and metrics",
    "range": "run the cell again: no run of the task gives such a number",
    "summary": "run the cell again: score, area, last, best and status follow from the curve",
    "provenance": "run the cells again on one kind of machine, from a clean checkout of main",
    "search": "run `tune` and `run --settings tuned` again",
    "canary": "run the cell again with the code of main: these numbers depend on task and seed, "
    "or on the base, alone",
    "copy": "run the cell again: no two runs give the same curve",
    "merged record": "leave records that are merged as they are; their owner may run cells again "
    "after the code has changed",
    "manifest": "let `python -m bench submit --name NAME` write submission.yaml",
    "check": "run the cell again with `python -m bench reproduce`, or delete the check",
}
"""What to do about a broken rule."""


@dataclass(frozen=True, order=True)
class Problem:
    """One problem; as text, the line that is printed."""

    file: str
    rule: Rule
    text: str
    instead: str = field(default="", compare=False)
    """What to do, where that of the rule cannot help."""

    def __str__(self) -> str:
        return f"{self.file}: {self.text} [{self.rule}]"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.instead or WHAT_TO_DO[self.rule]
