"""Which cells of a submission are run again: drawn by a hash that nobody could choose.

Cells are sorted by SHA-256 of "REF PROTOCOL/SUBMISSION/TASK/CELL", and the first K are drawn. REF
is the hash of the commit by which the submission came to `main`: it depends on all that the
submission holds, so that whoever makes the records cannot know the draw before. Anybody can draw
again and find the same cells.

A draw is a file of its own, beside the checks: it holds all cells that could be drawn, each with
the SHA-256 of its record's bytes. A record that came or changed later is not in it, nor one that
could not be run again there, so the draw says nothing of these.

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
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from bench.records.json_file import Part

REF = r"[0-9a-f]{40}([0-9a-f]{24})?"
"""The full hash of a git commit, SHA-1 or SHA-256."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SubmissionName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Draw(Part):
    """Which cells of a submission are run again, and of which ones they were drawn."""

    schema_version: Literal[1] = 1
    protocol_version: str
    submission: SubmissionName
    ref: str = Field(pattern=f"^{REF}$", max_length=64)
    size: int = Field(ge=1, description="how many cells it draws, or all of fewer")
    pool: dict[Annotated[str, Field(max_length=512)], Sha256] = Field(
        min_length=1, description="TASK/CELL -> of its record's file, of all that could be drawn"
    )

    @cached_property
    def drawn(self) -> list[str]:
        """The cells that it draws, as TASK/CELL, the first one first."""
        within = f"{self.protocol_version}/{self.submission}/"
        ordered = order(self.ref, (f"{within}{cell}" for cell in self.pool))
        return [label.removeprefix(within) for label in ordered[: self.size]]


def is_ref(text: str) -> bool:
    """Whether a text is the full hash of a commit, in small letters."""
    return re.fullmatch(REF, text) is not None


def order(ref: str, cells: Iterable[str]) -> list[str]:
    """Return cells, as "PROTOCOL/SUBMISSION/TASK/CELL", in the order in which they are drawn."""
    return sorted(cells, key=lambda cell: hashlib.sha256(f"{ref} {cell}".encode()).digest())


def odds(cells: int, forged: int, drawn: int) -> float:
    """The probability that at least one forged cell is drawn."""
    return 1.0 - math.comb(cells - forged, drawn) / math.comb(cells, drawn)
