"""Which records may be compared: those of one submission, one kind of processor and one code path.

Elsewhere the same seed trains along another path, and a stranger's base may be a worse one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records.acts import equal
from bench.records.record import Record
from bench.records.search_space import search_space
from bench.records.store import unlike
from bench.submissions.trust import LEVELS, Level

NO_GROUND = (
    "no base of its own submission, settings, libraries, processor and code path to compare it with"
)

Owned = tuple[Record, str]
"""A record, and the submission that it belongs to."""
Place = tuple[str, str, str]
"""Submission, task and cell."""


class PlaceboMoved(ValueError):
    """A placebo's numbers are not its base's, so that no number of that submission can be trusted.

    Its text is one line that names the cell.
    """


@dataclass(frozen=True)
class Grounds:
    """Whose each shown record is, and the bases of every submission."""

    owners: dict[tuple[str, str], str]  # task, cell -> submission
    bases: dict[tuple[str, ...], Record]  # submission, task, base, order of play, settings -> it
    levels: Mapping[Place, Level] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        found: Iterable[Owned],
        shown: Iterable[Record],
        levels: Mapping[Place, Level] | None = None,
    ) -> Grounds:
        """From all records in the order in which they are preferred, and those that are shown."""
        bases: dict[tuple[str, ...], Record] = {}
        owners, known = {}, {}
        for record, owner in found:
            known[id(record)] = owner
            if record.strategy is None and record.updates is None:
                bases.setdefault((owner, *_place(record), record.settings_from), record)
        for record in shown:
            owners[record.task, record.cell] = known[id(record)]
        return cls(owners, bases, levels or {})

    def owner(self, record: Record) -> str:
        """The submission that a shown cell belongs to."""
        return self.owners[record.task, record.cell]

    def base(self, record: Record) -> Record | None:
        """The base that a shown cell may be compared with; of a tuned cell the tuned one.

        A base that has nothing to tune is itself, and a tuned base is compared with the published.
        """
        chosen = record.settings_from if record.strategy and _tunable(record) else "published"
        base = self.bases.get((self.owner(record), *_place(record), chosen))
        return base if base is not None and alike(record, base) else None

    def trust(self, owner: str, *records: Record) -> Level:
        """How far records of one submission are trusted together: as far as the least of them."""
        places = [(owner, record.task, record.cell) for record in records]
        return lowest(self.levels.get(place, LEVELS[0]) for place in places)

    def together(self, one: Record, other: Record) -> bool:
        """Whether two shown cells may be compared with each other."""
        return self.owner(one) == self.owner(other) and alike(one, other)


def _place(record: Record) -> tuple[str, ...]:
    return record.task, record.base, record.play


def _tunable(record: Record) -> bool:
    """Whether the base of a cell has settings that can be searched."""
    try:
        return bool(search_space(Cell(record.task, record.base, play=record.play)))
    except ValueError:  # no such task any more
        return True


def lowest(levels: Iterable[Level]) -> Level:
    """The lowest of these levels of trust, or of all if there is none."""
    return min(levels, key=LEVELS.index, default=LEVELS[0])


def alike(one: Record, other: Record) -> bool:
    """Whether two records were made by the same libraries, processor and code path."""
    return not unlike(one.provenance, other.provenance)


def check_placebos(shown: Iterable[Record], grounds: Grounds) -> None:
    """Raise `PlaceboMoved` if a placebo is not, to the last bit, its submission's base.

    Elsewhere, and by other libraries, there is no such promise, and no comparison.
    """
    for record in shown:
        base = grounds.base(record)
        names = (record.strategy or "").split("+")
        if base is None or record.contrast != "added" or not all(map(_is_identity, names)):
            continue
        common = {seed.seed for seed in record.seeds} & {seed.seed for seed in base.seeds}
        if common and not equal(record, base):
            owner = grounds.owner(record)
            raise PlaceboMoved(
                f"{owner}/{record.task}/{record.cell} differs from its base, which a placebo "
                "cannot: one of the two records was changed or made by other code; run both again"
            )


def _is_identity(name: str) -> bool:
    known = registry.strategies()
    return name in known and getattr(known[name].module, "IDENTITY", False)
