"""What is wrong with optional parts of a strategy's file: SEARCH, AT_HOME, IDLE_BESIDE."""

from __future__ import annotations

from collections.abc import Collection
from types import ModuleType

MOST_SEARCHED = 3
"""How many settings of one strategy a search may vary, at most."""


def wrong_search(module: ModuleType, name: str, settings: Collection[str]) -> str | None:
    """Return what is wrong with a file's SEARCH; None if nothing is."""
    search = getattr(module, "SEARCH", {})
    if (
        isinstance(search, dict)
        and len(search) <= MOST_SEARCHED
        and search.keys() <= set(settings)
        and all(isinstance(values, list | tuple) and values for values in search.values())
    ):
        return None
    return (
        f"SEARCH of {module.__file__} must name up to {MOST_SEARCHED} settings of `{name}`, "
        f"with the values to try"
    )


def wrong_home(module: ModuleType) -> str | None:
    """Return what is wrong with a file's AT_HOME; None if nothing is, or if it has none.

    Whether its cells exist is found out when they are asked for, once all names are known.
    """
    declared = getattr(module, "AT_HOME", None)
    if declared is None:
        return None
    where = f"{module.__file__}: AT_HOME"
    needed, optional = {"claim", "cell", "against"}, {"by", "cause"}
    if not isinstance(declared, dict):
        return f"{where} is no dict of claim, cell and against, with by and cause if need be"
    wrong = [f"has no {key}" for key in sorted(needed - declared.keys())]
    wrong += [f"has {key!r}, which means nothing" for key in declared.keys() - needed - optional]
    wrong += [f"has no text as {key}" for key in declared if not isinstance(declared[key], str)]
    return f"{where} {wrong[0]}" if wrong else None


def wrong_idle(module: ModuleType) -> str | None:
    """Return what is wrong with a file's IDLE_BESIDE; None if nothing is, or if it has none."""
    declared = getattr(module, "IDLE_BESIDE", {})
    if isinstance(declared, dict) and all(
        isinstance(text, str) and text for pair in declared.items() for text in pair
    ):
        return None
    return f'{module.__file__}: IDLE_BESIDE is no dict of reasons, such as {{"r1": "why"}}'
