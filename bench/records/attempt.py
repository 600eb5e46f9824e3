"""Attempts at running seeds that gave no outcome, and their reasons."""

from __future__ import annotations

from typing import Literal

from bench.records.json_file import Part

Reason = Literal["oom", "crashed", "timeout", "interrupted"]
"""Why there is no outcome: out of memory, exception or dead process, past its deadline, stopped."""


class Attempt(Part):
    """One attempt at running seeds that gave no outcome."""

    reason: Reason
    message: str = ""
