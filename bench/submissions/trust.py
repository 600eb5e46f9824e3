"""How far each record is trusted; computed, never claimed.

| level | what is known |
|---|---|
| self-reported | it is valid |
| canary-passed | numbers that its maker could not choose are right |
| spot-checked | cells drawn by chance from its submission were run again, and all agreed |
| reproduced | this very cell was run again, with its first ten seeds, and agreed |

Whoever made the records, the rules are the same. All levels follow from the records and the checks
as they are now (`bench.submissions.check`):

- A check counts for just the bytes that it has checked: an edited record has none.
- One check that differs, or one canary that fails, puts the whole submission back to self-reported.
- A draw counts if all its cells have checks that hold and agree, so that none can be left out, and
  if they are those that its hash draws (`bench.submissions.draw`), from half of the submission's
  present cells or more. A submission is spot-checked from `DRAWN` cells of such draws on, or all if
  it has fewer. That the hash is the commit by which the submission came to `main` is for the
  reviewer of the checks to see: no file can show it.
- A cell chosen by hand is reproduced if it agrees, and says nothing of others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from bench.records.json_file import CorruptRecord
from bench.records.paths import place
from bench.records.store import Found
from bench.submissions import canaries, check, draw, standing
from bench.submissions.agreement import Agreement, compare
from bench.submissions.check import FoundCheck
from bench.submissions.draw import Draw

Level = Literal["self-reported", "canary-passed", "spot-checked", "reproduced"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the lowest to the highest."""

DRAWN = 5
"""So many cells, drawn by chance, make a submission spot-checked; all of them if it has fewer."""


def levels(results: Path, found: Sequence[Found]) -> dict[Path, Level]:
    """Return the level of every record, by its path, of a results folder."""
    return {
        item.path: submission.level(item)
        for submission in submissions(results, found).values()
        for item in submission.records
    }


def reasons(results: Path, found: Sequence[Found]) -> dict[str, str]:
    """Return what is known of every submission, "PROTOCOL/NAME", in one sentence."""
    return {name: each.reason for name, each in submissions(results, found).items()}


@dataclass(frozen=True)
class Checked:
    """A check that holds, and whether the record agrees with it."""

    found: FoundCheck
    agreement: Agreement
    full: bool  # whether all the first ten seeds were run again

    @property
    def draw(self) -> Draw | None:
        """How the cell was drawn."""
        return self.found.check.drawn


@dataclass(frozen=True)
class Submission:
    """What is known of one submission: its records, their checks and their canaries."""

    name: str
    folder: Path
    records: list[Found] = field(default_factory=list)
    checks: dict[Path, Checked] = field(default_factory=dict)  # by the record's path
    canaries: dict[Path, canaries.Outcome] = field(default_factory=dict)

    def level(self, item: Found) -> Level:
        """How far one of its records is trusted."""
        if self.faults:
            return "self-reported"
        own = self.checks.get(item.path)
        if own is not None and own.full and own.agreement.outcome == "agrees":
            return "reproduced"
        if self.spot_checked:
            return "spot-checked"
        return "canary-passed" if self.canaries.get(item.path) == "passed" else "self-reported"

    @cached_property
    def faults(self) -> list[str]:
        """Why it is not trusted any further: checks that differ and canaries that fail."""
        differing = [
            f"{_cell(path)} differs from its re-run: {each.agreement.why}"
            for path, each in self.checks.items()
            if each.agreement.outcome == "differs"
        ]
        failed = [path for path, outcome in self.canaries.items() if outcome == "failed"]
        return differing + [f"a canary of {_cell(path)} fails" for path in failed]

    @cached_property
    def present(self) -> list[str]:
        """The records in its folder, whether or not they are shown."""
        return check.cells(self.folder)

    @cached_property
    def drawn(self) -> dict[Path, Draw]:
        """The cells, by their records' paths, of the draws that count."""
        draws: dict[Draw, list[Checked]] = defaultdict(list)
        for each in self.checks.values():
            if each.draw is not None and each.agreement.outcome == "agrees":
                draws[each.draw].append(each)
        return {
            each.found.record: which
            for which, cells in draws.items()
            if len(cells) == which.size
            and draw.speaks_for(which, self.present)
            and not draw.problem(which, [cell.found.check.label for cell in cells], self.present)
            for each in cells
        }

    @property
    def spot_checked(self) -> bool:
        """Whether enough of its cells were drawn by chance, and all of them agree."""
        return len(self.drawn) >= max(1, min(DRAWN, len(self.present)))

    @property
    def reason(self) -> str:
        """What is known of it, in one sentence."""
        if self.faults:
            more = f", and {len(self.faults) - 1} more" if len(self.faults) > 1 else ""
            return f"Not trusted beyond its own word: {self.faults[0]}{more}."
        agree = sum(each.agreement.outcome == "agrees" for each in self.checks.values())
        parts = []
        if self.checks:
            parts.append(
                f"{agree} of {len(self.present)} cells were run again and agree, "
                f"{len(self.drawn)} of them drawn by chance"
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
        if isinstance(one, CorruptRecord) or one.check.label not in records:
            continue
        item = records[one.check.label]
        if one.check.holds(item.path):
            known[_submission(item.path)].checks[item.path] = _checked(one, item)
    return dict(sorted(known.items()))


def _checked(one: FoundCheck, item: Found) -> Checked:
    cells = one.check.drawn.size if one.check.drawn else 1
    agreement = compare(item.record, one.check.rerun, cells)
    return Checked(one, agreement, one.check.covers(item.record))


def _submission(path: Path) -> str:
    return "/".join(place(path)[:2])


def _cell(path: Path) -> str:
    _, _, task, name = place(path)
    return f"{task}/{name.removesuffix('.json')}"
