"""Attempts at running seeds that gave no outcome, and their reasons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from bench.records.json_file import Part

Reason = Literal["oom", "crashed", "timeout", "interrupted"]
"""Why there is no outcome: out of memory, exception or dead process, past its deadline, stopped."""


LONGEST = 200
"""Characters of a message."""


def _printed(text: object) -> object:
    """An exception's text, which may hold anything, as one line that a file may hold."""
    if not isinstance(text, str):
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST]


class Attempt(Part):
    """One attempt at running seeds that gave no outcome."""

    reason: Reason
    message: Annotated[str, BeforeValidator(_printed)] = ""
