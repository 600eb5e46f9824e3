"""Which cells of a submission are run again: drawn by a hash that nobody could choose.

Cells are sorted by SHA-256 of "REF PROTOCOL/SUBMISSION/TASK/CELL", and the first K are drawn. REF
is the hash of the commit by which the submission came to `main`: it depends on all that the
submission holds, so that whoever makes the records cannot know the draw before. Anybody can draw
again and find the same cells.

If a share f of n cells is forged, none of K drawn ones is with C(n (1 - f), K) / C(n, K), which is
at most (1 - f)^K. So at least one forged cell is drawn with at least:

| share forged | K = 1 | 3 | 5 | 10 | 20 |
|---|---|---|---|---|---|
| 5 % | 0.05 | 0.14 | 0.23 | 0.40 | 0.64 |
| 10 % | 0.10 | 0.27 | 0.41 | 0.65 | 0.88 |
| 20 % | 0.20 | 0.49 | 0.67 | 0.89 | 0.99 |
| 50 % | 0.50 | 0.88 | 0.97 | 1.00 | 1.00 |
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Iterable

from pydantic import Field

from bench.records.json_file import Part

REF = r"[0-9a-f]{40}([0-9a-f]{24})?"
"""The full hash of a git commit, SHA-1 or SHA-256."""

LEAST_SHARE = 0.5
"""A draw says something about a submission if at least this share of its cells could be drawn."""


class Draw(Part):
    """How a cell was drawn: as one of `count` of `of` cells that could be, by the hash `ref`."""

    ref: str = Field(pattern=f"^{REF}$", max_length=64)
    of: int = Field(ge=1)
    count: int = Field(ge=1)

    @property
    def size(self) -> int:
        """How many cells it draws."""
        return min(self.count, self.of)


def is_ref(text: str) -> bool:
    """Whether a text is the full hash of a commit, in small letters."""
    return re.fullmatch(REF, text) is not None


def order(ref: str, cells: Iterable[str]) -> list[str]:
    """Return cells, as "PROTOCOL/SUBMISSION/TASK/CELL", in the order in which they are drawn."""
    return sorted(cells, key=lambda cell: hashlib.sha256(f"{ref} {cell}".encode()).digest())


def problem(draw: Draw, drawn: Collection[str], present: Collection[str]) -> str:
    """Return why cells cannot be those of a draw from a submission's present ones; "" if they can.

    Cells that could not be drawn (other code, no data), or came later, may stand before a drawn
    one, but no more of them than there are: present cells less `of`. Where all could be drawn, the
    cells must be just the first ones. That `ref` is a commit, and the right one, is not seen here.
    """
    ranks = {cell: rank for rank, cell in enumerate(order(draw.ref, present), start=1)}
    unknown = [cell for cell in drawn if cell not in ranks]
    if unknown:
        return f"names {unknown[0]}, which is not there"
    spare = max(0, len(present) - draw.of)
    late = [cell for cell in drawn if ranks[cell] > draw.size + spare]
    if late:
        return f"{late[0]} is number {ranks[late[0]]} by that hash, of which {draw.size} are drawn"
    return ""


def speaks_for(draw: Draw, present: Collection[str]) -> bool:
    """Whether enough of the submission's present cells could be drawn."""
    return draw.of >= LEAST_SHARE * len(present)


def odds(cells: int, forged: int, drawn: int) -> float:
    """The probability that at least one forged cell is drawn."""
    return 1.0 - math.comb(cells - forged, drawn) / math.comb(cells, drawn)
