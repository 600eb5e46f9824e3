"""What learner a record is of: its strategies, whatever it is called.

"bare+a+b" and "bare+b+a" have the same ones, and so do a kit and the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Collection

from bench.experiment.kits import KITS, parts, reference_of
from bench.records.record import Record


def members(record: Record) -> frozenset[str]:
    """The active strategies, as names whose sum is the learner: see `bench.experiment.kits.parts`.

    With published settings; those of a tuned record are in `record.settings`.
    """
    base = ground(record)
    named = frozenset(part for name in _names(record.strategy) for part in parts(name))
    if record.contrast == "removed":
        return base - named
    # What is named replaces the same strategy of the base, which may have other settings.
    same = {strategy for part in named for strategy in KITS.get(part, (part,))}
    return named | (base - same - {*_names(record.instead_of)})


def ground(record: Record) -> frozenset[str]:
    """The strategies of the record's base; none for bare."""
    bare = record.base == "bare"
    return frozenset(() if bare else reference_of(record.task, record.domain))


def title(sets: Collection[str]) -> str:
    """What a set of members is called: a kit of several by its name, any other as a sum."""
    for kit in KITS:
        if len(sets) > 2 and {*parts(kit)} == {*sets}:
            return kit
    return "+".join(sorted(sets))


def _names(joined: str | None) -> list[str]:
    return joined.split("+") if joined else []
