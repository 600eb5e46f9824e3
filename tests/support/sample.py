"""The rotating sample: which of very many combinations the daily tests try.

CROSSOVER_SAMPLE is the number that decides: the ISO year and week of today unless it is set, so
that a week's sample can be drawn again. "all" tries everything.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

VARIABLE = "CROSSOVER_SAMPLE"
T = TypeVar("T")


def number() -> str:
    """What decides about the samples. Processes that this one starts are told the same."""
    year, week, _ = datetime.now(UTC).isocalendar()
    given = os.environ.setdefault(VARIABLE, f"{year}{week:02}")
    if given != "all" and not given.isdecimal():
        raise ValueError(f"{VARIABLE} is a number such as 202604, or all; it is {given!r}")
    return given


def sample(population: Sequence[T], size: int, what: str) -> list[T]:
    """`size` of the population, in its order, or all of it; other samples with another `what`."""
    if number() == "all":
        return list(population)
    places = random.Random(f"{number()} {what}").sample(range(len(population)), size)
    return [population[place] for place in sorted(places)]
