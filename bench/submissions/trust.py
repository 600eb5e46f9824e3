"""How far each record is trusted; computed, never claimed.

What each level says is in `results/README.md`, "How far results are trusted". Whoever made the
records, the rules are the same. All levels follow from the records, the checks and the draws as
they are now (`bench.submissions.check`):

- A check counts for just the bytes that it has checked: a record that has changed since has none.
  One that is the record itself, or was made by no known commit, does not count.
- One check that differs, or one canary that fails, puts the whole submission back to self-reported.
  Only the maintainers' records judge the canaries of others (`bench.submissions.canaries`).
- A draw counts if all its cells have checks that hold and agree, so that none can be left out. It
  speaks for the records that could be drawn, as they were then: one that was added or changed
  since, or could not be run again, is not spot-checked by it. A record is spot-checked if the draws
  that speak for it have together `DRAWN` cells, or all that one of them was made from. That the
  hash is the commit by which the submission came to `main` is for the reviewer of the checks to
  see: no file can show it.
- A cell chosen by hand is reproduced if it agrees, and says nothing of others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from bench.records.paths import place
from bench.records.store import Found
from bench.submissions import canaries, check, standing
from bench.submissions.agreement import Agreement, compare
from bench.submissions.check import FoundCheck, FoundDraw
from bench.submissions.draw import Draw

Level = Literal["self-reported", "canary-passed", "spot-checked", "reproduced"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the lowest to the highest."""

DRAWN = 5
"""So many cells, drawn by chance, make a record spot-checked; all of the draw's, if fewer."""


@dataclass(frozen=True)
class Submission:
    """What is known of one submission: its records, their checks and their canaries."""

    name: str
    folder: Path
    records: list[Found] = field(default_factory=list)
    found: dict[Path, tuple[FoundCheck, Found]] = field(default_factory=dict)  # that count
    draws: list[Draw] = field(default_factory=list)
    canaries: dict[Path, canaries.Outcome] = field(default_factory=dict)

    def level(self, item: Found) -> Level:
        """How far one of its records is trusted."""
        if self.faults:
            return "self-reported"
        if self._reproduced(item):
            return "reproduced"
        if self.counting and self._spot_checked(item.path):
            return "spot-checked"
        return "canary-passed" if self.canaries.get(item.path) == "passed" else "self-reported"

    @cached_property
    def checks(self) -> dict[Path, Agreement]:
        """Whether each record that was checked agrees, by its path."""
        return {
            path: compare(item.record, one.check.rerun, check.shared(self.draws, one.check))
            for path, (one, item) in self.found.items()
        }

    @cached_property
    def faults(self) -> list[str]:
        """Why it is not trusted any further: checks that differ and canaries that fail."""
        differing = [
            f"{_cell(path)} differs from its re-run: {agreement.why}"
            for path, agreement in self.checks.items()
            if agreement.outcome == "differs"
        ]
        failed = [path for path, outcome in self.canaries.items() if outcome == "failed"]
        return differing + [f"a canary of {_cell(path)} fails" for path in failed]

    @cached_property
    def counting(self) -> list[Draw]:
        """The draws of which all cells agree, with the records that were drawn."""
        agreeing = {
            (_cell(path), one.check.sha256)
            for path, (one, _) in self.found.items()
            if self.checks[path].outcome == "agrees"
        }
        return [
            each
            for each in self.draws
            if all((cell, each.pool[cell]) in agreeing for cell in each.drawn)
        ]

    def _reproduced(self, item: Found) -> bool:
        """Whether all its first ten seeds were run again, and agree."""
        own = self.found.get(item.path)
        if own is None or not own[0].check.covers(item.record):
            return False
        return self.checks[item.path].outcome == "agrees"

    def _spot_checked(self, path: Path) -> bool:
        """Whether enough cells were drawn where this record, as it is, could be drawn as well."""
        cell = _cell(path)
        among = [each for each in self.counting if cell in each.pool]
        now = check.sha256(path) if among else None
        among = [each for each in among if each.pool[cell] == now]
        drawn = {name for each in among for name in each.drawn}
        return len(drawn) >= DRAWN or any(each.pool.keys() <= drawn for each in among)

    @property
    def reason(self) -> str:
        """What is known of it, in one sentence."""
        if self.faults:
            more = f", and {len(self.faults) - 1} more" if len(self.faults) > 1 else ""
            return f"Not trusted beyond its own word: {self.faults[0]}{more}."
        agree = sum(each.outcome == "agrees" for each in self.checks.values())
        parts = []
        if self.checks:
            drawn = {cell for each in self.counting for cell in each.drawn}
            parts.append(
                f"{agree} of {len(check.cells(self.folder))} cells were run again and agree, "
                f"{len(drawn)} of them drawn by chance"
            )
        if open_ := len(self.checks) - agree:
            parts.append(f"of {open_} re-run cell{'s' * (open_ > 1)} nothing can be told")
        if passed := sum(outcome == "passed" for outcome in self.canaries.values()):
            parts.append(f"the canaries of {passed} cells are right")
        text = "; ".join(parts) or "nothing of it has been checked by others"
        return f"{text[0].upper()}{text[1:]}."


def submissions(results: Path, found: Iterable[Found]) -> dict[str, Submission]:
    """Return what is known of every submission with records, by "PROTOCOL/NAME".

    Each check is read once, and compared once. Raises `BadStanding`.
    """
    named = standing.load(results)
    items = sorted(found, key=lambda item: not named.judges(item.path))
    known: dict[str, Submission] = {}
    outcomes = canaries.outcomes(items, named.judges)
    for item in items:
        name = _submission(item.path)
        if name not in known:
            known[name] = Submission(name, item.path.parents[1])
        known[name].records.append(item)
        known[name].canaries[item.path] = outcomes.get(item.path, "none")
    records = {check.label(item.path): item for item in items}
    for one in check.walk(results):
        if isinstance(one, FoundDraw):
            name = "/".join(one.folder.parts[-2:])
            if name in known:
                known[name].draws.append(one.draw)
        elif isinstance(one, FoundCheck) and one.check.label in records:
            item = records[one.check.label]
            if one.check.holds(item.path) and not one.check.flaw(item.record):
                known[_submission(item.path)].found[item.path] = one, item
    return dict(sorted(known.items()))


def _submission(path: Path) -> str:
    return "/".join(place(path)[:2])


def _cell(path: Path) -> str:
    _, _, task, name = place(path)
    return f"{task}/{name.removesuffix('.json')}"
