"""Whose the records of a results folder are: one's own, the maintainers', or a stranger's.

The maintainers' records make the tables. Each stranger's submission is selected by itself, so that
it stands beside them and changes nothing. What results/standing.yaml withdraws counts nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.experiment.at_home import SUBMISSION as HOME
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records import search_store, store
from bench.records.json_file import CorruptRecord
from bench.records.paths import LOCAL, SEARCH_SUFFIX, json_files, search_path
from bench.records.record import Record
from bench.records.store import Found
from bench.report.grounds import PlaceboMoved
from bench.report.selection import Ignored, SearchFile, Selection, select
from bench.submissions import standing, trust
from bench.submissions.closed_list import NAME
from bench.submissions.standing import Standing, Withdrawal

RecordFile = tuple[Path, Found | CorruptRecord]


@dataclass
class Pile:
    """Records and searches that are selected together."""

    records: list[RecordFile] = field(default_factory=list)
    searched: list[SearchFile] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    @property
    def found(self) -> list[Found]:
        """The records that can be read."""
        return [item for _, item in self.records if isinstance(item, Found)]

    @property
    def corrupt(self) -> list[CorruptRecord]:
        """What cannot be read: records, then searches."""
        both: list[RecordFile | SearchFile] = [*self.records, *self.searched]
        return [item for _, item in both if isinstance(item, CorruptRecord)]


@dataclass(frozen=True)
class Parties:
    """What a report shows, by whose it is."""

    own: Selection
    maintained: Selection
    strangers: Mapping[str, Selection]
    left_out: dict[str, str]  # strangers' submissions without a site, and why
    at_home: list[Record]  # of the maintainers' home evidence, which stands beside verdicts
    standing: Standing
    reasons: dict[str, str]  # submission -> what is known of it, in a sentence
    corrupt: list[CorruptRecord]  # of one's own and of the maintainers


def read(folder: Path) -> Pile:
    """All records and searches below results/PROTOCOL."""
    every = Pile()
    for path in json_files(folder):
        if path.name.endswith(SEARCH_SUFFIX):
            every.searched += search_store.walk(path)
        else:
            every.records += [(path, item) for item in store.walk(path)]
    return every


def divide(results: Path, every: Pile, name: str) -> Parties:
    """Whose everything is, if the submission `name` is one's own.

    Raises `BadStanding`, and `PlaceboMoved` for one's own or the maintainers' records.
    """
    named = standing.load(results)
    folder = results / PROTOCOL_VERSION
    piles = _piles(every, folder, named)
    own, maintained, strangers = piles.pop(name, Pile()), Pile(), dict[str, Pile]()
    for owner, pile in piles.items():
        # A path as that of any record of the submission.
        if named.maintained(folder / owner / "task" / "cell.json"):
            maintained.records += pile.records
            maintained.searched += pile.searched
            maintained.ignored += pile.ignored
        else:
            strangers[owner] = pile
    home = {path for path, _ in maintained.records if folder / HOME in path.parents}
    at_home = [item.record for item in maintained.found if item.path in home]
    corrupt = own.corrupt + maintained.corrupt
    maintained.records = [each for each in maintained.records if each[0] not in home]
    known = trust.submissions(results, every.found)
    levels = {item.path: each.level(item) for each in known.values() for item in each.records}
    reasons = {each.folder.name: each.reason for each in known.values()}

    def selected(pile: Pile) -> Selection:
        made = select(pile.found, pile.searched, levels, folder / LOCAL)
        return replace(made, ignored=[*made.ignored, *pile.ignored])

    sites, left_out = dict[str, Selection](), dict[str, str]()
    for owner, pile in sorted(strangers.items()):
        gone = named.withdrawal(folder / owner / "task" / "cell.json")
        found = _stranger(owner, pile, selected)
        if gone is not None:
            found = f"withdrawn on {gone.date}: {gone.why}"
        if isinstance(found, Selection):
            sites[owner] = found
        else:
            left_out[owner] = found
    return Parties(
        own=selected(own),
        maintained=selected(maintained),
        strangers=sites,
        left_out=left_out,
        at_home=at_home,
        standing=named,
        reasons=reasons,
        corrupt=corrupt,
    )


def _piles(every: Pile, folder: Path, named: Standing) -> dict[str, Pile]:
    """By the names of submissions, without what is withdrawn or lies where no record belongs."""
    piles: dict[str, Pile] = defaultdict(Pile)

    def keeps(path: Path, item: object) -> bool:
        withdrawal = _withdrawal(path, item, named)
        owner, *below = path.relative_to(folder).parts
        if len(below) != DEPTH:
            piles[owner].ignored.append((str(path), f"not at {folder}/NAME/TASK/CELL.json"))
        elif withdrawal is not None:
            why = f"withdrawn: {withdrawal.date}, {withdrawal.why}"
            piles[owner].ignored.append((str(path), why))
        else:
            return True
        return False

    for record in every.records:
        if keeps(*record):
            piles[record[0].parents[1].name].records.append(record)
    for search in every.searched:
        if keeps(*search):
            piles[search[0].parents[1].name].searched.append(search)
    return piles


DEPTH = 2
"""A task and a file: the parts of a record's path below the folder of its submission."""


def _withdrawal(path: Path, item: object, named: Standing) -> Withdrawal | None:
    """Why a file counts nowhere; a tuned record does not without the search that chose for it."""
    found = named.withdrawal(path)
    if found is None and isinstance(item, Found) and item.record.settings_from == "tuned":
        return named.withdrawal(search_path(path.parents[1], item.record.origin))
    return found


def _stranger(name: str, pile: Pile, selected: Callable[[Pile], Selection]) -> Selection | str:
    """What a stranger's submission shows, or why it shows nothing."""
    if not NAME.fullmatch(name):
        return "its name is no plain name: a to z, 0 to 9, dot, dash and underscore"
    for path, item in pile.records:
        if isinstance(item, CorruptRecord):
            pile.ignored.append((str(path), f"cannot be read: {item}"))
    try:
        found = selected(pile)
    except PlaceboMoved as moved:
        return str(moved)
    except FAULTS as error:
        return fault(error)
    reasons = "; ".join(f"{why} ({count})" for why, count in found.reasons())
    return found if found.records else f"nothing that can be shown: {reasons}"


FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What records may raise that are valid by their schema and have numbers that no run gives."""


def fault(error: Exception) -> str:
    """Why a submission is left out whose numbers cannot be reported."""
    return f"its numbers cannot be reported ({type(error).__name__}: {error})"
