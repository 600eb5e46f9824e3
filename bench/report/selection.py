"""Which records and searches a report shows, and why it leaves the others out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.experiment.protocol import PROTOCOL_VERSION
from bench.experiment.spec import spec_hash
from bench.records.json_file import CorruptRecord
from bench.records.record import Record
from bench.records.search import Search
from bench.records.search_store import current, unchosen
from bench.records.store import Found
from bench.report.grounds import NO_GROUND, Grounds, Place, check_placebos, lowest
from bench.submissions.trust import LEVELS, Level

Ignored = tuple[str, str]
"""Which record or search is left out, and why."""
SearchFile = tuple[Path, Search | CorruptRecord]

CUSTOM_UPDATES = "a custom number of updates (--updates)"
SAME_CELL = "another record of the cell, of the present code or with more seeds, is shown instead"
SAME_SEARCH = "another search of the cell is shown instead"


@dataclass(frozen=True)
class ShownSearch:
    """A search, and the name of the submission that it belongs to."""

    search: Search
    submission: str


@dataclass(frozen=True)
class Selection:
    """What a report shows: one record and at most one search per cell."""

    records: list[Record]
    searches: list[ShownSearch]
    ignored: list[Ignored]
    grounds: Grounds | None = None  # None: the records are of one submission

    def reasons(self) -> list[tuple[str, int]]:
        """Why records and searches are left out, and how many for each reason."""
        return Counter(why.partition(":")[0] for _, why in self.ignored).most_common()


def select(
    found: Iterable[Found],
    searched: Iterable[SearchFile],
    levels: Mapping[Path, Level] | None = None,
    own: Path | None = None,
) -> Selection:
    """The records and searches to show, of all that were found. Raises `PlaceboMoved`.

    `levels` say how far each record is trusted; `own` is one's own submission.
    """
    chosen, unfounded = with_search(ranking(found, own))
    owned = [(item.record, item.path.parents[1].name) for item in chosen]
    records, others = one_per_cell([record for record, _ in owned])
    grounds = Grounds.of(owned, records, _trusted(chosen, levels or {}))
    check_placebos(records, grounds)
    alone = [
        (f"{record.task}/{record.cell}", NO_GROUND)
        for record in records
        if record.strategy is not None and grounds.base(record) is None
    ]
    searches, further = select_searches(searched, chosen, own)
    return Selection(records, searches, others + unfounded + further + alone, grounds)


def _trusted(chosen: Iterable[Found], levels: Mapping[Path, Level]) -> dict[Place, Level]:
    """How far cells are trusted; the lowest, should a submission have two records of one."""
    found: dict[Place, Level] = {}
    for item in chosen:
        place = (item.path.parents[1].name, item.record.task, item.record.cell)
        level = levels.get(item.path, LEVELS[0])
        found[place] = lowest([level, found.get(place, level)])
    return found


def ranking(found: Iterable[Found], own: Path | None = None) -> list[Found]:
    """Records in the order in which they are preferred, where several are of the same cell.

    Records of the present code come first, then those with more seeds, then those in the folder
    `own`, then path order.
    """

    def key(item: Found) -> tuple[bool, int, bool, Path]:
        record = item.record
        try:
            stale = spec_hash(record.origin) != record.provenance.spec
        except ValueError:  # an unknown task or strategy
            stale = True
        return stale, -len(record.seeds), own not in item.path.parents, item.path

    return sorted(found, key=key)


def with_search(found: Sequence[Found]) -> tuple[list[Found], list[Ignored]]:
    """The records without tuned ones whose settings no search has chosen."""
    kept: list[Found] = []
    ignored: list[Ignored] = []
    for item in found:
        why = unchosen(item) if item.record.settings_from == "tuned" else None
        if why is None:
            kept.append(item)
        else:
            ignored.append((str(item.path), why))
    return kept, ignored


def one_per_cell(records: Sequence[Record]) -> tuple[list[Record], list[Ignored]]:
    """The first record of every cell that can be compared with the others of its task.

    A strategy on one player, and another order of play, must be scored as the task's other cells.
    """
    kept: dict[tuple[str, str], Record] = {}
    first: dict[str, Record] = {}
    ignored: list[Ignored] = []
    for record in sorted(records, key=lambda r: bool(r.play) or "@" in (r.strategy or "")):
        where = f"{record.task}/{record.cell} (spec {record.provenance.spec})"
        if record.protocol_version != PROTOCOL_VERSION:
            ignored.append((where, f"protocol {record.protocol_version}, not {PROTOCOL_VERSION}"))
            continue
        if record.updates is not None:
            ignored.append((where, CUSTOM_UPDATES))
            continue
        model = first.setdefault(record.task, record)
        if (record.score_info, record.domain) != (model.score_info, model.domain):
            ignored.append((where, f"scored differently than {model.task}/{model.cell}"))
        elif (record.task, record.cell) in kept:
            ignored.append((where, SAME_CELL))
        else:
            kept[record.task, record.cell] = record
    return list(kept.values()), ignored


def select_searches(
    searched: Iterable[SearchFile], records: Sequence[Found], own: Path | None = None
) -> tuple[list[ShownSearch], list[Ignored]]:
    """One search per cell: that of the submission whose tuned cell is shown, if there is one.

    Of the others those in the folder `own` are preferred, then path order.
    """
    folders: dict[tuple[str, str], Path] = {}
    for record in records:
        if record.record.settings_from == "tuned":
            key = (record.record.task, record.record.origin.published.name)
            folders.setdefault(key, record.path.parents[1])
    kept: dict[tuple[str, str], ShownSearch] = {}
    ignored: list[Ignored] = []

    def order(one: SearchFile) -> tuple[bool, bool, Path]:
        path, item = one
        key = ("", "") if isinstance(item, CorruptRecord) else (item.task, item.cell)
        return folders.get(key) != path.parents[1], own not in path.parents, path

    for path, item in sorted(searched, key=order):
        if isinstance(item, CorruptRecord):
            ignored.append((str(path), str(item)))
        elif not current(item):
            ignored.append((str(path), "made with other code, settings or data"))
        elif item.updates is not None:
            ignored.append((str(path), CUSTOM_UPDATES))
        elif item.best() is None:
            ignored.append((str(path), "no settings have been tried to the end yet"))
        elif (item.task, item.cell) in kept:
            ignored.append((str(path), SAME_SEARCH))
        else:
            kept[item.task, item.cell] = ShownSearch(item, path.parents[1].name)
    return [kept[key] for key in sorted(kept)], ignored
