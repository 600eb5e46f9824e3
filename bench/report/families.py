"""Families of tests, over which p is adjusted: their sizes do not depend on what was run.

On every base and for every submission there are two. One has the *declared* rows: each strategy of
the catalogue with its published settings, and each in the place of a part of the reference kit that
it declares, in both domains. The other has all that users combine or tune, and is at least as
large. So verdicts on strategies stand whatever else is run beside them. Controls are in no family.
"""

from __future__ import annotations

from typing import Literal

from bench.experiment import registry
from bench.report.cells import CellResult

Kind = Literal["declared", "further", "control"]


def kind(row: CellResult) -> Kind:
    """In which family a row is."""
    if row.expected is not None:
        return "control"
    known = registry.strategies().get(row.record.strategy or "")
    if known is None or known.home == "control" or row.record.settings_from != "published":
        return "further"
    placed = not row.instead_of or (
        len(row.instead_of) == 1 and row.instead_of[0] in known.instead_of
    )
    return "declared" if placed else "further"


def declared_size(base: str, domains: int) -> int:
    """How many tests the family of declared rows has on a base, in so many domains."""
    known = [each for each in registry.strategies().values() if each.home != "control"]
    placed = sum(len(each.instead_of) for each in known) if base == "reference" else 0
    return domains * (len(known) + placed)


def size(of: Kind, base: str, domains: int, found: int) -> int:
    """How many tests p is adjusted for, where so many rows were found."""
    if of == "control":
        return 1
    least = declared_size(base, domains)
    return least if of == "declared" else max(least, domains * found)
