"""Attempts at running seeds that gave no outcome, and their reasons."""

from __future__ import annotations

from typing import Literal

from bench.records.json_file import Part

Reason = Literal["oom", "crashed", "timeout", "interrupted"]
"""Why there is no outcome: out of memory, an exception or a dead process, too long, stopped."""


class Attempt(Part):
    """One attempt at running some seeds that gave no outcome, and why."""

    reason: Reason
    message: str = ""
